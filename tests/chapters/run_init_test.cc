// Chapter 8, `run` and `init`: properties of a container that the grader
// (tests/grade) does not check: standard streams, and which processes are
// inside.
//
// run_init_*_test.cc beside this one test arguments, limits, signals, errors
// and many containers at once.

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/program.h"

namespace blackbox {
namespace {

using RunInitTest = ContainerTest;

// The first file that the program opens must not become the container's
// standard stream.
TEST_F(RunInitTest, ClosedStandardStreamsShowTheContainerNothing) {
  HeldContainer container({}, ":", {.closed_files = {STDERR_FILENO}});
  EXPECT_EQ(std::filesystem::read_symlink(
                absl::StrCat("/proc/", container.init(), "/fd/2")),
            "/dev/null");
  container.End();
}

TEST_F(RunInitTest, ReaderThatIsGoneIsNoFault) {
  // The pipe has a reader only until it is open. When run -verbose then writes
  // to it, SIGPIPE would end run and leave its cgroups.
  const Result result = RunOnHost(
      "mkfifo \"$TMPDIR/pipe\"; : <\"$TMPDIR/pipe\" & "
      "exec 3>\"$TMPDIR/pipe\"; wait; rm \"$TMPDIR/pipe\"; "
      "\"$RUN\" run -verbose sh -c 'echo 2; exit 5' >&3 2>&3; echo $?");
  EXPECT_THAT(result, Prints("5\n"));
}

// No process of mydocker stays with the command: it sees in its PID namespace
// only what it has started itself, so there is no program of the host's to take
// over or trace.
TEST_F(RunInitTest, CVE_2016_9962_NoProcessOfOursInside) {
  EXPECT_THAT(Execute({.args = RunWords({}, {"sh", "-c",
                                             "echo /proc/[0-9]*; readlink -f "
                                             "/proc/1/exe /bin/sh | uniq | "
                                             "wc -l"})}),
              Prints("/proc/1\n1\n"));
}

}  // namespace
}  // namespace blackbox
