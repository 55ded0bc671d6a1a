#!/usr/bin/env bash
#
# run.sh BUILD: runs all test programs and counts the results. Unit tests come from
# BUILD. The grader's checks and the black-box tests of the chapters and the doctor
# always come from the ordinary build, and get the program below BUILD as RUN. All
# need root to test cgroups and namespaces.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=$1
if ((EUID != 0)); then
  exec sudo -- "${BASH_SOURCE[0]}" "$build"
fi
# In a chroot the kernel forbids half of what we test.
if ! build/tests/real_root; then
  exec build/tests/real_root "${BASH_SOURCE[0]}" "$build"
fi

passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# number WORD: how many tests googletest counted under that word.
number() { sed -nE "s/^\[ *$1 *\] ([0-9]+) tests?[.,].*/\1/p" "$log" | tail -n 1; }

# run_test TEST [VARIABLE=VALUE...]. Its line shows $note after the name.
note=
run_test() {
  local test=$1 status=0 ok bad left_out
  shift
  # A shell's background job is started with SIGINT and SIGQUIT ignored.
  env --default-signal "$@" "$test" >"$log" 2>&1 </dev/null || status=$?
  ok=$(number PASSED) bad=$(number FAILED) left_out=$(number SKIPPED)
  if ((status != 0 && ${bad:-0} == 0)); then
    bad=1 # It did not live to count.
  fi
  printf '%-44s %3d passed, %d failed, %d skipped\n' \
    "${test#*/tests/}$note" "${ok:-0}" "${bad:-0}" "${left_out:-0}"
  if ((status != 0)); then
    cat "$log"
    echo "$test: exit status $status"
  else
    # The reason for a skip is part of the result.
    sed -nE '/: Skipped$/{n;s/^/    skipped: /p}' "$log"
  fi
  passed=$((passed + ${ok:-0})) failed=$((failed + ${bad:-0}))
  skipped=$((skipped + ${left_out:-0}))
}

# program_of TEST: the program of the chapter that the test is named after.
program_of() {
  local name program chapter
  name=$(basename "$1")
  name=${name/#recover_/union_fs_} # The chapter that has all that may be left.
  for program in "$build"/chapters/*/run; do
    chapter=$(basename "${program%/run}")
    chapter=${chapter#*-}
    if [[ $name == "${chapter//-/_}_"* ]]; then
      echo "$program"
      return
    fi
  done
  echo "$1 is named after no chapter" >&2
  return 1
}

for test in "$build"/tests/common/*/*_test; do
  run_test "$test"
done
for test in build/tests/doctor/*_test; do
  run_test "$test" RUN="$build/doctor/doctor"
done
for test in build/tests/grade/*_test build/tests/chapters/*_test; do
  run_test "$test" RUN="$(program_of "$test")"
done

# These wait for seconds: for the end of a grace period or a measurement. The code
# they test is in common/ and the same for all chapters, so they run once.
readonly slow='*.ControlC*:*.EndsACommandThatDoesNotHandleIt/*:*.ProcessesThatForkForEver*'\
':*.ContainerThatFillsStandardError*:*.RunThatCannotWriteItsError*:*.CpuSharesDecide*'

# What chapter 12 takes back: the environment is no longer the caller's, and -v is
# another flag.
declare -rA taken_back=(
  [12-volumes]='*.EnvironmentAndDirectoryAreTheCallers:*.CommandIsFoundInTheCallersPath:*.VolumesAreALaterChapters'
)

# A container of chapter 9 does all that one of chapter 8 does, and so on. Only
# the last chapter's tests start fifty at once.
also() {
  local test chapter=$1
  note=" of $1"
  shift
  for test; do
    run_test "$test" RUN="$build/chapters/$chapter/run" GTEST_FILTER="-$slow:${taken_back[$chapter]:-}"
  done
}
also 09-rootfs build/tests/grade/run_init_test build/tests/chapters/run_init{,_cgroup,_command,_error,_hostile,_signal}_test
also 10-union-fs build/tests/grade/{run_init,rootfs}_test build/tests/chapters/{run_init,rootfs}{,_*}_test
also 12-volumes build/tests/grade/{run_init,rootfs,union_fs}_test build/tests/chapters/{run_init,rootfs,union_fs}{,_*}_test

echo "$passed passed, $failed failed, $skipped skipped"
((passed > 0 && failed == 0))
