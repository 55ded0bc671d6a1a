#!/usr/bin/env bash
#
# Tests the lab itself: runs programs that fail in each way that a test program
# can. The runner must notice and name every one of them. ARCH=arm64 boots that
# architecture, after make test-lab ARCH=arm64 ONLY=nothing has made its image.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly ARCH=${ARCH:-amd64}
compiler=(g++) build=build
if [[ $ARCH == arm64 ]]; then
  compiler=(aarch64-linux-gnu-g++ "--sysroot=${HERE%/tests/lab}/build/arm64/sysroot") build=build/arm64
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# program NAME: a test program made of the tests on standard input.
program() {
  local source=$work/tests/$1.cc
  mkdir -p "${source%/*}" "$work/$build/tests/${1%/*}"
  cat - "$work/main" >"$source"
  "${compiler[@]}" -std=c++20 -static -include "$work/prelude.h" "$source" -o "$work/$build/tests/$1" -lgtest -lpthread
}

cat >"$work/prelude.h" <<'END'
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
END
cat >"$work/main" <<'END'
int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
END

program common/room/pass_test <<'END'
TEST(Pass, RunsAsRoot) { EXPECT_EQ(geteuid(), 0); }
TEST(Pass, KnowsTheMode) { EXPECT_NE(getenv("MYDOCKER_LAB"), nullptr); }
TEST(Pass, StandsInTheProject) { EXPECT_EQ(access("build/tests/common/room/pass_test", X_OK), 0); }
TEST(Pass, HasAStudent) { EXPECT_EQ(system("test $(id -u student) = 1000"), 0); }
TEST(Pass, EnteringATransientCgroupLeavesNothing) {
  EXPECT_EQ(system("p=/sys/fs/cgroup; [ -d $p/memory ] && p=$p/memory; mkdir $p/short && rmdir $p/short"), 0);
}
END
program common/room/fail_test <<'END'
TEST(Fail, IsTurnedRound) { EXPECT_EQ(1, 2) << "the reason of the failure"; }
TEST(Fail, StillPasses) {}
END
program common/room/skip_test <<'END'
TEST(Skip, IsAllowed) { GTEST_SKIP() << "there is a good reason"; }
TEST(Skip, IsNotAllowed) { GTEST_SKIP() << "there is no good reason"; }
END
program common/room/crash_test <<'END'
TEST(Crash, Aborts) { raise(SIGSEGV); }
END
program common/room/exit_test <<'END'
TEST(Exit, Passes) {}
TEST(Exit, LeavesEarly) { _exit(0); }
END
program common/room/empty_test <<'END'
END
program chapters/cgroup_memory_test <<'END'
TEST(Leak, Cgroup) { system("p=/sys/fs/cgroup; [ -d $p/memory ] && p=$p/memory; mkdir $p/forgotten-$MYDOCKER_LAB"); }
END
program chapters/leak_test <<'END'
TEST(Leak, Mount) { EXPECT_EQ(mount("tmpfs", "/mnt", "tmpfs", 0, ""), 0); }
TEST(Leak, Process) { if (fork() == 0) { setsid(); sleep(9999); } }
TEST(Leak, Namespace) { system("unshare --uts sleep 9998 &"); }
TEST(Leak, HostName) { EXPECT_EQ(sethostname("lost", 4), 0); }
END

mkdir -p "$work/tests/lab"
cat >"$work/tests/lab/allowed-skips.txt" <<'END'
v1*    Skip.IsAllowed     there is a good *
END

failures=0
# expect PATTERN: a line of the output must match it.
expect() {
  grep -Eq -- "$1" "$work/output" && return
  echo "selftest: the runner does not say: $1"
  failures=$((failures + 1))
}

status=0
"$HERE/run.py" --arch "$ARCH" --project "$work" v1 >"$work/output" 2>&1 || status=$?
cat "$work/output"
[[ $status -eq 1 ]] || { echo "selftest: exit status $status instead of 1"; failures=1; }
expect '^common/room/pass_test +5 +-$'
expect '^SKIPPED  v1  common/room/skip_test  Skip.IsAllowed: there is a good reason$'
expect '^FAILED   v1  common/room/skip_test  Skip.IsNotAllowed$'
expect '^FAILED   v1  common/room/fail_test  Fail.IsTurnedRound$'
expect '^    the reason of the failure$'
expect '^FAILED   v1  common/room/crash_test  \(whole program\)$'
expect '^    killed by SIGSEGV, without results'
expect '^FAILED   v1  common/room/exit_test  \(whole program\)$'
expect '^FAILED   v1  common/room/empty_test  \(whole program\)$'
expect '^FAILED   v1  chapters/cgroup_memory_test  \(left behind\)$'
expect '^    cgroup /sys/fs/cgroup/memory/forgotten-v1$'
expect '^    cgroup /sys/fs/cgroup/memory/forgotten-v1-noswap$'
expect '^FAILED   v1  chapters/leak_test  \(left behind\)$'
expect '^    mount /mnt tmpfs shared$'
expect '^    process [0-9]+ .*leak_test'
expect '^    namespace uts:'
expect '^    host name lost$'
expect '^[0-9]+ passed, 8 failed, 1 skipped$'

# A program that was not built is not a program that passed.
rm "$work/$build/tests/common/room/pass_test"
status=0
"$HERE/run.py" --arch "$ARCH" --project "$work" v1 >"$work/output" 2>&1 || status=$?
[[ $status -eq 1 ]] || { echo "selftest: exit status $status instead of 1 with a program missing"; failures=1; }
expect 'not built: common/room/pass_test'

# The error names what is missing, and what exists.
# refuse ARGUMENT...: the runner must end with an error.
refuse() {
  ! "$HERE/run.py" --project "$work" "$@" >"$work/output" 2>&1 || { echo "selftest: no error of: $*"; failures=1; }
}
refuse --arch sparc
expect "there is no architecture 'sparc'; there are: amd64, arm64"
refuse v3
expect "there is no mode 'v3' on amd64; there are: v2, v1, v2-backports, hybrid, v2-controllers"

[[ $failures -eq 0 ]] || exit 1
echo "selftest: the runner saw every fault"
