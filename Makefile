# Every command that a reader types. `make help` lists them.
#
# One file for all of it, not recursive: make sees every dependency at once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# As many jobs as the machine has processors; a make that this one starts shares
# them.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

# ---------------------------------------------------------------- chapters

# Directory: NN-name; page: docs/NN-name.md; targets: chapterN and name.
CHAPTERS := 00-proc 01-uts-ns 02-ipc-ns 03-pid-ns 04-mount-ns 05-user-ns 06-net-ns \
            07-cgroup-memory 08-run-init 09-rootfs 10-union-fs 11-fuse-union 12-volumes

# 03-pid-ns -> 3, pid-ns
number_of = $(patsubst 0%,%,$(firstword $(subst -, ,$1)))
name_of = $(patsubst $(firstword $(subst -, ,$1))-%,%,$1)
chapter_of = $(foreach c,$(CHAPTERS),$(if $(filter $1,$(call number_of,$c)),$c))

# Each header of common/ says in its first line which chapter introduces it:
# "// From chapter 5." gives common/namespaces/user_map:5.
COMMON_TAGS := $(shell grep -rHm1 '^// From chapter ' common --include='*.h' | \
                 sed -E 's|\.h:// From chapter ([0-9]+)\..*|:\1|')
COMMON := $(sort $(foreach t,$(COMMON_TAGS),$(firstword $(subst :, ,$t))))
# 0 1 2 … $1. Not by seq: it is needed for each header and each chapter.
up_to = $(call through,$1,$(foreach c,$(CHAPTERS),$(call number_of,$c)))
through = $(firstword $2) $(if $(filter-out $1,$(firstword $2)),$(call through,$1,$(wordlist 2,$(words $2),$2)))
# Only chapter 0 and the doctor use what chapter 0 introduces.
common_up_to = $(foreach t,$(COMMON_TAGS),$(if \
                 $(filter $(lastword $(subst :, ,$t)),$(filter-out 0,$(call up_to,$1))),$(firstword $(subst :, ,$t))))
# These two may use all of common/.
common_objects = $(if $(filter 0,$1),$(BUILD)/common.a,$(patsubst %,$(BUILD)/%.o,$(call common_up_to,$1)))

# ------------------------------------------------------------------- build

# `make SANITIZE=1 …` builds with AddressSanitizer and UBSan, beside the rest;
# SANITIZE=thread with ThreadSanitizer, for chapter 11, which has threads.
SANITIZE ?=
SANITIZERS = $(if $(filter thread,$(SANITIZE)),thread,address$(,)undefined)
# `make ARCH=arm64 …` builds for another processor, beside the rest: with
# Debian's cross compiler, and the libraries that scripts/sysroot.sh unpacks. Only
# the lab can run the result. (ARCH in the environment belongs to others.)
MACHINE := $(patsubst x86_64,amd64,$(patsubst aarch64,arm64,$(shell uname -m)))
ARCH := $(MACHINE)
CROSS := $(filter-out $(MACHINE),$(ARCH))
ifneq ($(CROSS),)
$(if $(filter-out arm64,$(CROSS)),$(error ARCH=$(ARCH): there is amd64 and arm64, \
  and this machine, $(MACHINE), builds for $(sort $(MACHINE) arm64)))
CROSS_GOALS := all tests test-lab lab
$(if $(filter-out $(CROSS_GOALS) build/%,$(MAKECMDGOALS)),$(error ARCH=$(ARCH) is for $(CROSS_GOALS): \
  make $(firstword $(filter-out $(CROSS_GOALS) build/%,$(MAKECMDGOALS))) would run what this machine, $(MACHINE), cannot))
endif
, := ,
BUILD := build$(CROSS:%=/%)$(if $(SANITIZE),/sanitize$(if $(filter thread,$(SANITIZE)),-thread))
SYSROOT := $(CROSS:%=build/%/sysroot)
CXX := $(if $(CROSS),aarch64-linux-gnu-g++ --sysroot=$(SYSROOT),g++)
AR := $(if $(CROSS),aarch64-linux-gnu-)ar
PKG_CONFIG := $(if $(CROSS),PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
  PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig) pkg-config
# Small rather than fast: the kernel takes most of the time, and `run` stays in
# memory as long as its container lives.
OPTIMIZE := -Os
# maybe-uninitialized is the optimizer's guess, and each version of GCC guesses
# differently: shown, but no error.
#
# Not vptr: it makes a pipe to inspect an object's type, and if a test leaves no
# descriptor for that, it mistakes the object for a wrong one.
CXXFLAGS := -std=c++20 -g1 -Wall -Wextra -Werror -Wno-error=maybe-uninitialized -I. \
  $(if $(SANITIZE),-fsanitize=$(SANITIZERS) -fno-sanitize=vptr -fno-sanitize-recover=all \
    -fno-omit-frame-pointer)
# Static: a dynamic Abseil is 46 shared objects, and loading them costs 3 ms at
# each start, twice a container. (The sanitizers need the C library dynamic.)
# noseparate-code: two segments for the kernel to map and to copy, not four.
LDFLAGS := -Wl,--gc-sections -Wl,-z,noseparate-code $(if $(SANITIZE),-fsanitize=$(SANITIZERS),-static)
ABSL := absl_flags absl_flags_reflection absl_status absl_statusor absl_str_format absl_strings

PROGRAMS := $(CHAPTERS:%=$(BUILD)/chapters/%/run)
DOCTOR := $(BUILD)/doctor/doctor
COMMON_TESTS := $(patsubst tests/common/%.cc,$(BUILD)/tests/common/%,$(wildcard tests/common/*/*_test.cc))
BLACK_BOX_TESTS := $(patsubst %.cc,$(BUILD)/%,$(wildcard tests/chapters/*_test.cc tests/doctor/*_test.cc))
TEST_SUPPORT := $(patsubst %.cc,%,$(wildcard tests/support/*.cc))

.PHONY: all
.DEFAULT_GOAL := all
all: $(PROGRAMS) $(DOCTOR)

# The headers that are most of what a small source file costs, compiled once:
# one set for the programs, one for the tests.
PRECOMPILED := $(BUILD)/precompiled.h
$(PRECOMPILED): HEADERS = functional string vector absl/status/statusor.h absl/strings/str_cat.h
TEST_PRECOMPILED := $(BUILD)/tests/precompiled.h
$(TEST_PRECOMPILED): HEADERS = functional string vector absl/status/statusor.h absl/strings/str_cat.h gmock/gmock.h

$(PRECOMPILED) $(TEST_PRECOMPILED): Makefile
	@mkdir -p $(@D)
	@printf '#include <%s>\n' $(HEADERS) > $@
# By name: make skips a pattern rule while another rule's header exists.
$(PRECOMPILED).gch $(TEST_PRECOMPILED).gch $(BUILD)/absl.libs: | $(SYSROOT:%=%/packages)
$(PRECOMPILED).gch $(TEST_PRECOMPILED).gch: %.gch: %
	@echo "compile $@"
	@$(CXX) $(CXXFLAGS) $(OPTIMIZE) -x c++-header $< -o $@

define compile
	@mkdir -p $(@D)
	@echo "compile $<"
	@$(CXX) $(CXXFLAGS) $(OPTIMIZE) -MMD -MP -include $1 -c $< -o $@
endef
# Tests run fast enough; what takes time is compiling them.
$(BUILD)/tests/%: private OPTIMIZE := -O0
$(BUILD)/%.o: %.cc $(PRECOMPILED).gch Makefile
	$(call compile,$(PRECOMPILED))
$(BUILD)/tests/%.o: tests/%.cc $(TEST_PRECOMPILED).gch Makefile
	$(call compile,$(TEST_PRECOMPILED))

$(SYSROOT:%=%/packages): scripts/sysroot.sh vagrant/packages.txt
	@scripts/sysroot.sh $(CROSS) $(SYSROOT)

# Chapter 11 needs one more library. That has plugins, about which ld warns in a
# static program; we load none.
FUSE_LIBS := $(BUILD)/chapters/11-fuse-union/fuse.libs
$(FUSE_LIBS): Makefile
	@mkdir -p $(@D)
	@echo -lfuse3 -pthread -ldl -Wl,--no-warnings > $@
$(BUILD)/chapters/11-fuse-union/run: $(FUSE_LIBS)

# Debian's pkg-config takes a second to find out, so it is asked once.
$(BUILD)/absl.libs: Makefile
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --static --libs $(ABSL) > $@

define link
	@mkdir -p $(@D)
	@echo "link $@"
	@$(CXX) $(LDFLAGS) $(filter %.o %.a,$^) $1 $$(cat $(filter %.libs,$^)) -o $@
endef

$(BUILD)/common.a: $(COMMON:%=$(BUILD)/%.o)
	@rm -f $@ && $(AR) rcs $@ $^

define chapter_rules
$(BUILD)/chapters/$1/run: $(patsubst %.cc,$(BUILD)/%.o,$(wildcard chapters/$1/*.cc)) \
    $(call common_objects,$(call number_of,$1)) $(BUILD)/absl.libs
	$$(call link)

.PHONY: chapter$(call number_of,$1) $(call name_of,$1)
chapter$(call number_of,$1) $(call name_of,$1): $(BUILD)/chapters/$1/run
	@cp $$< $$<.new && mv $$<.new run
	@if (( $(call number_of,$1) >= 8 && $(call number_of,$1) != 11 )); then cp $$< $$<.new && mv $$<.new mydocker; fi

.PHONY: diff$(call number_of,$1) trace$(call number_of,$1)
diff$(call number_of,$1):
	@scripts/diff.sh $(call number_of,$1)
trace$(call number_of,$1): chapter$(call number_of,$1)
	@scripts/trace.sh $(call number_of,$1)
endef
$(foreach c,$(CHAPTERS),$(eval $(call chapter_rules,$c)))

$(DOCTOR): $(patsubst %.cc,$(BUILD)/%.o,$(wildcard doctor/*.cc doctor/chapters/*.cc)) $(BUILD)/common.a \
    $(BUILD)/absl.libs
	$(call link)

# Each of these leaves its program as ./run.
LEAVE_RUN := $(foreach c,$(CHAPTERS),$(foreach g,chapter$(call number_of,$c) $(call name_of,$c),$g:$c))
ASKED_FOR := $(sort $(foreach g,$(MAKECMDGOALS),$(patsubst $g:%,%,$(filter $g:%,$(LEAVE_RUN)))))
ifneq ($(word 2,$(ASKED_FOR)),)
$(error $(ASKED_FOR): one chapter at a time, for each leaves its program as ./run)
endif

# Chapter 9: newly made root file systems for containers, and a program that
# escapes from one.
.PHONY: rootfs-busybox rootfs-debian escape
rootfs-busybox:
	@vagrant/provision.sh packages run
	@scripts/rootfs.sh busybox build/rootfs
rootfs-debian:
	@vagrant/provision.sh packages rootfs-debian
	@scripts/rootfs.sh debian build/rootfs-debian

ESCAPE := $(BUILD)/chapters/09-rootfs/escape/escape
$(ESCAPE): $(ESCAPE).o $(BUILD)/absl.libs
	$(call link)
escape: $(ESCAPE)
	@cp $< $@.new && mv $@.new $@

# ------------------------------------------------------------------- tests

# GoogleTest can report to a socket, about which ld warns in a static program.
GTEST_LIBS := -lgmock -lgtest_main -lgtest -Wl,--no-warnings
ALL_COMMON := $(COMMON:%=$(BUILD)/%.o)

# Unit tests see all of common/; black-box tests none of it.
$(COMMON_TESTS): $(BUILD)/tests/common/%: $(BUILD)/tests/common/%.o $(ALL_COMMON) $(BUILD)/absl.libs
	$(call link,$(GTEST_LIBS))
$(BLACK_BOX_TESTS): %: %.o $(TEST_SUPPORT:%=$(BUILD)/%.o) $(BUILD)/absl.libs
	$(call link,$(GTEST_LIBS))

# Chapter 11's rules can be looked at without its file system.
$(BUILD)/tests/chapters/fuse_union_tree_test: \
  $(patsubst %,$(BUILD)/chapters/11-fuse-union/%.o,tree marks origin spot thread) $(ALL_COMMON)

$(BUILD)/tests/real_root: $(BUILD)/tests/real_root.o $(BUILD)/absl.libs
	$(call link)

# Also without sanitizers, to show that it does what they should catch.
$(BUILD)/tests/canary: $(BUILD)/tests/canary.o $(BUILD)/absl.libs
	$(call link)

# The checks of a reader's program, run on ours: tests/grade/pid_ns_test runs
# those of 03-pid-ns.toml. What an ordinary user may run, root may, too.
GRADED := $(filter $(patsubst tests/grade/%.toml,%,$(wildcard tests/grade/*.toml)),$(CHAPTERS))
GRADER := $(BUILD)/tests/grade/grade
$(GRADER): $(patsubst %.cc,$(BUILD)/%.o,$(wildcard tests/grade/*.cc)) $(TEST_SUPPORT:%=$(BUILD)/%.o) $(BUILD)/absl.libs
	$(call link,$(GTEST_LIBS))

# graded_test CHAPTER,CALLER,SUFFIX
graded_test = $(BUILD)/tests/grade/$(subst -,_,$(call name_of,$1))$3_test
define graded_test_rule
GRADED_TESTS += $(call graded_test,$1,$2,$3)
$(call graded_test,$1,$2,$3): $(wildcard tests/grade/*.toml tests/grade/*.py) | $(GRADER)
	@mkdir -p $$(@D)
	@tests/grade/grade.py test $(call number_of,$1) $2 >$$@ && chmod +x $$@
endef
BY_USERS := $(patsubst tests/grade/%.toml,%,$(shell grep -l '^caller = "user"' tests/grade/*.toml))
$(foreach c,$(filter-out $(BY_USERS),$(GRADED)),$(eval $(call graded_test_rule,$c,root,)))
$(foreach c,$(BY_USERS),$(eval $(call graded_test_rule,$c,user,))$(eval $(call graded_test_rule,$c,root,_by_root)))

.PHONY: tests checked-programs
tests: $(PROGRAMS) $(DOCTOR) $(ESCAPE) $(COMMON_TESTS) $(BLACK_BOX_TESTS) $(GRADER) $(GRADED_TESTS) $(BUILD)/tests/real_root
# What `make SANITIZE=1` is for. The black-box tests need no sanitizer: the
# program that they run has it.
checked-programs: $(PROGRAMS) $(DOCTOR) $(ESCAPE) $(COMMON_TESTS) $(BUILD)/tests/canary

# Installing comes first, in a separate make: without pkg-config and the compiler
# nothing can be built.
.PHONY: test test-sanitizers
test: deps
	@$(MAKE) tests
	@tests/run.sh build
test-sanitizers: deps
	@$(MAKE) tests
	@$(MAKE) build/tests/canary
	@$(MAKE) checked-programs SANITIZE=1
	@tests/canary.sh build
	@tests/run.sh build/sanitize
	@$(MAKE) build/sanitize-thread/chapters/11-fuse-union/run SANITIZE=thread
	@for test in build/tests/chapters/fuse_union{,_differential}_test; do \
	  RUN=build/sanitize-thread/chapters/11-fuse-union/run $$test || exit; done

# ----------------------------------------------------------------- fuzzing

# tests/fuzz/property.h explains targets. TARGET=handshake chooses one;
# SECONDS is how long each of them runs.
FUZZ_BUILD := build/fuzz
FUZZ_TARGETS := $(patsubst tests/fuzz/%_fuzz.cc,%,$(wildcard tests/fuzz/*_fuzz.cc))
FUZZERS := $(FUZZ_TARGETS:%=$(FUZZ_BUILD)/tests/fuzz/%_fuzz)
FUZZ_CXX := clang++
FUZZ_FLAGS := -std=c++20 -O1 -g1 -Wall -Wextra -Werror -I. -fno-omit-frame-pointer \
  -fsanitize=fuzzer$(,)address$(,)undefined -fno-sanitize-recover=all
TARGET ?=

$(FUZZ_BUILD)/%.o: FUZZ_FLAGS := $(subst fuzzer$(,),fuzzer-no-link$(,),$(FUZZ_FLAGS))
$(FUZZ_BUILD)/%.o: %.cc Makefile
	@mkdir -p $(@D)
	@echo "compile $< for fuzzing"
	@$(FUZZ_CXX) $(FUZZ_FLAGS) -MMD -MP -c $< -o $@
$(FUZZ_BUILD)/common.a: $(COMMON:%=$(FUZZ_BUILD)/%.o)
	@rm -f $@ && ar rcs $@ $^
$(FUZZERS): $(FUZZ_BUILD)/tests/fuzz/%: $(FUZZ_BUILD)/tests/fuzz/%.o $(FUZZ_BUILD)/common.a $(BUILD)/absl.libs
	@echo "link $@"
	@$(FUZZ_CXX) $(FUZZ_FLAGS) $(filter %.o %.a,$^) $$(cat $(BUILD)/absl.libs) -o $@

.PHONY: fuzzers fuzz-smoke fuzz
fuzzers: $(FUZZERS)
fuzz-smoke fuzz:
	@vagrant/provision.sh packages build fuzz
	@$(MAKE) fuzzers
	@tests/fuzz/run.sh $(or $(SECONDS),$(if $(filter fuzz,$@),600,20)) $(or $(TARGET),$(FUZZ_TARGETS))

# Faults: tests/faults/README.md. ONLY='regular expression' chooses among them,
# CHAPTER='8 9' chapters.
ONLY ?=
FAULTY := $(foreach c,8 9 10 12,$(BUILD)/chapters/$(strip $(call chapter_of,$c))/run)

.PHONY: test-faults test-faults-selftest
test-faults:
	@vagrant/provision.sh packages build run grade
	@$(MAKE) -s $(FAULTY) $(BUILD)/tests/real_root
	@tests/faults/faults.py $(BUILD) --only '$(ONLY)' $(CHAPTER:%=--chapter %)
test-faults-selftest:
	@vagrant/provision.sh packages build run grade
	@$(MAKE) -s $(FAULTY) $(BUILD)/common.a $(BUILD)/tests/real_root $(TEST_PRECOMPILED).gch
	@COMPILE='$(CXX) $(CXXFLAGS) -O0 -include $(TEST_PRECOMPILED)' LINK='$(CXX) $(LDFLAGS)' \
	  tests/faults/selftest.py $(BUILD)

# ------------------------------------------------------------- the grader

# docs/grading.md explains its use, tests/grade/README.md its design.
WORKSHOP := workshop
WORKSHOP_BUILD := $(BUILD)/workshop
GRADE := tests/grade/grade.py --workshop $(WORKSHOP)
# Another program than the workshop's; an exercise; lines of JSON; seconds that
# the program may take for an answer.
RUN ?=
EX ?=
JSON ?=
TIME_LIMIT ?= 10

# A workshop has common/ as it is before the chapter: the reader writes what the
# chapter adds to it. Chapter 1 has nothing yet.
common_before = $(if $(filter 1,$1),,$(call common_up_to,$(shell expr $1 - 1)))

# Warnings are not errors in a program that is being written.
define workshop_rules
$(WORKSHOP_BUILD)/$1/%.o: private CXXFLAGS := $(filter-out -Werror -I.,$(CXXFLAGS)) -I$(WORKSHOP_BUILD)/$1/include
$(WORKSHOP_BUILD)/$1/%.o: $(WORKSHOP)/$1/%.cc $(PRECOMPILED).gch Makefile | $(WORKSHOP_BUILD)/$1/include
	$$(call compile,$(PRECOMPILED))
$(WORKSHOP_BUILD)/$1/include: Makefile
	@rm -rf $$@ && mkdir -p $$@
	@for name in $(call common_before,$(call number_of,$1)); do \
	  mkdir -p $$@/$$$${name%/*} && ln -s $(CURDIR)/$$$$name.h $$@/$$$$name.h; done
$(WORKSHOP)/$1/run: $(patsubst $(WORKSHOP)/%.cc,$(WORKSHOP_BUILD)/%.o,$(wildcard $(WORKSHOP)/$1/*.cc)) \
    $(patsubst %,$(BUILD)/%.o,$(call common_before,$(call number_of,$1))) $(BUILD)/absl.libs
	$$(if $(wildcard $(WORKSHOP)/$1/*.cc),,$$(error there is no $(WORKSHOP)/$1 yet: make start$(call number_of,$1)))
	$$(call link)

.PHONY: $(foreach verb,start workshop grade solution,$(verb)$(call number_of,$1))
start$(call number_of,$1):
	@$(GRADE) start $(call number_of,$1)
workshop$(call number_of,$1): $(WORKSHOP)/$1/run
# To standard error: standard output is the grader's.
grade$(call number_of,$1):
	@vagrant/provision.sh packages build run test grade >&2
	@$$(MAKE) -s $(GRADER) $(if $(RUN),,$(WORKSHOP)/$1/run) >&2
	@$(GRADE) grade $(call number_of,$1) $(if $(RUN),--run '$(RUN)') $(if $(EX),--exercise '$(EX)') \
	  $(if $(JSON),-json) --time-limit '$(TIME_LIMIT)'
solution$(call number_of,$1):
	@$(GRADE) solution $(call number_of,$1) $(if $(ANYWAY),--anyway)
endef
$(foreach c,$(GRADED),$(eval $(call workshop_rules,$c)))

$(WORKSHOP)/11-fuse-union/run: $(FUSE_LIBS)

.PHONY: progress grade-fidelity
progress:
	@$(GRADE) progress
grade-fidelity:
	@vagrant/provision.sh packages build run test grade
	@$(MAKE) -s $(GRADER) $(PROGRAMS) $(BUILD)/common.a $(TEST_PRECOMPILED).gch
	@$(if $(CHAPTER),,tests/grade/test_commands.py)
	@COMPILE='$(CXX) $(CXXFLAGS) -O0 -include $(TEST_PRECOMPILED)' LINK='$(CXX) $(LDFLAGS)' \
	  tests/grade/fidelity.py $(BUILD) $(CHAPTER)

# ---------------------------------------------------------- how fast it is

# docs/bench.md has the results, tests/bench/README.md the method.
BENCH := $(BUILD)/tests/bench
BENCH_PROGRAMS := $(BENCH)/attach $(BENCH)/parts
$(BENCH_PROGRAMS): %: %.o $(ALL_COMMON) $(BUILD)/absl.libs
	$(call link)
$(BENCH_PROGRAMS:=.o): private OPTIMIZE := -O2
$(BENCH)/floor: tests/bench/floor.c $(BUILD)/chapters/09-rootfs/run Makefile
	@mkdir -p $(@D)
	@echo "compile $<"
	@gcc -std=c17 -O2 -Wall -Wextra -Werror -Wno-format-truncation \
	  -DSIZE_OF_MYDOCKER=$$(($$(readelf --wide --segments $(BUILD)/chapters/09-rootfs/run | \
	    awk '/ LOAD / { end = $$2 "+" $$5 } END { print end }'))) -static -Wl,-z,noseparate-code $< -o $@

# Built with the tests, so that CI notices a change that breaks them.
tests: $(BENCH_PROGRAMS)

.PHONY: bench bench-check
bench bench-check:
	@vagrant/provision.sh packages build run bench
	@$(MAKE) $(foreach c,8 9 11,$(BUILD)/chapters/$(strip $(call chapter_of,$c))/run) $(BENCH_PROGRAMS) $(BENCH)/floor
	@scripts/rootfs.sh busybox build/rootfs
	@tests/bench/bench.py $(if $(filter bench-check,$@),check,write) $(BUILD)
	@$(if $(filter bench,$@),tests/bench/unions.py $(BUILD))

.PHONY: test-lab lab
test-lab:
	@vagrant/provision.sh packages build test lab $(CROSS:%=lab-%)
	@$(MAKE) tests
	@tests/lab/run.py --arch $(ARCH) --only '$(ONLY)' $(MODE)
lab:
	@vagrant/provision.sh packages build lab $(CROSS:%=lab-%)
	@$(MAKE) all
	@tests/lab/run.py --arch $(ARCH) --shell $(or $(MODE),v1)

# ---------------------------------------------------------- around the book

.PHONY: help
help:
	@scripts/help.sh

.PHONY: deps
deps:
	@vagrant/provision.sh packages $(FOR)

# Not as ./run, which stays the program of the reader's chapter.
.PHONY: doctor
doctor:
	@vagrant/provision.sh packages build
	@$(MAKE) $(DOCTOR)
	@$(DOCTOR)

.PHONY: demo
demo: deps
	@$(MAKE) chapter8
	@scripts/demo.sh

.PHONY: recover
recover:
	@scripts/recover.sh

.PHONY: format lint
format:
	@vagrant/provision.sh packages lint
	@git ls-files --cached --others --exclude-standard '*.cc' '*.h' | xargs clang-format -i
lint:
	@vagrant/provision.sh packages build test lint
	@scripts/lint.sh

.PHONY: clean
clean:
	rm -rf build run mydocker escape

-include $(shell find $(BUILD) -name sysroot -prune -o -name '*.d' -print 2>/dev/null)

# ---------------------------------------------------------------- the pages

# docs/tools/README.md explains how to write a page. PAGE=03-pid-ns chooses one.
PAGE ?=
BOOK := docs/tools/book.py

.PHONY: docs docs-check docs-test docs-update docs-tools-test
docs:
	@vagrant/provision.sh packages docs pictures
	@$(BOOK) write
docs-check:
	@vagrant/provision.sh packages docs
	@$(BOOK) check
docs-test docs-update:
	@vagrant/provision.sh packages build run docs
	@$(MAKE) all
	@$(BOOK) $(@:docs-%=%) $(PAGE)
docs-tools-test:
	@vagrant/provision.sh packages docs pictures
	@/usr/bin/python3 docs/tools/tests/run.py
