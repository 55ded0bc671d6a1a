// Chapter 8, `run` and `init`: what a container is, beyond what a reader's has
// to be (tests/grade). Standard streams, and who is inside.
//
// run_init_*_test.cc beside this one are for arguments, limits, signals, errors
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

// What the program opens first must not become the container's standard stream.
TEST_F(RunInitTest, ClosedStandardStreamsShowTheContainerNothing) {
  HeldContainer container({}, ":", {.closed_files = {STDERR_FILENO}});
  EXPECT_EQ(std::filesystem::read_symlink(
                absl::StrCat("/proc/", container.init(), "/fd/2")),
            "/dev/null");
  container.End();
}

TEST_F(RunInitTest, ReaderThatIsGoneIsNoFault) {
  // The pipe's reader comes, so that it can be opened, and goes. What run
  // -verbose then writes to it would end run by SIGPIPE, cgroups and all.
  const Result result = RunOnHost(
      "mkfifo \"$TMPDIR/pipe\"; : <\"$TMPDIR/pipe\" & "
      "exec 3>\"$TMPDIR/pipe\"; wait; rm \"$TMPDIR/pipe\"; "
      "\"$RUN\" run -verbose sh -c 'echo 2; exit 5' >&3 2>&3; echo $?");
  EXPECT_THAT(result, Prints("5\n"));
}

// No process of ours stays with the command: what is to be seen in its PID
// namespace is what it has started itself, so there is no program of the host's
// to be taken over or traced.
TEST_F(RunInitTest, CVE_2016_9962_NoProcessOfOursInside) {
  EXPECT_THAT(Execute({.args = RunWords({}, {"sh", "-c",
                                             "echo /proc/[0-9]*; readlink -f "
                                             "/proc/1/exe /bin/sh | uniq | "
                                             "wc -l"})}),
              Prints("/proc/1\n1\n"));
}

}  // namespace
}  // namespace blackbox
