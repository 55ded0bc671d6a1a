// What a program with a mount namespace promises, from chapter 4 on.

#include <unistd.h>

#include "gmock/gmock.h"
#include "tests/support/command_contract.h"
#include "tests/support/faults.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::ContainerEq;
using testing::HasSubstr;
using testing::MatchesRegex;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(MountContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PropagationFlagContract);

// The first row of the table of pitfalls: the host of these tests has a shared
// "/", so a mount inside travels back unless the program sees to it.
TEST_P(MountContract, ProcMountedInsideChangesNothingOutside) {
  const std::vector<std::string> before = MountPointsOf(getpid());
  Process program(Shell("mount -t proc proc /proc && echo mounted; read end"));
  ASSERT_EQ(program.ReadLine(), "mounted");
  EXPECT_THAT(MountPointsOf(getpid()), ContainerEq(before));
  // And inside it is there: on top of the one that was copied.
  EXPECT_EQ(CountMounts(FindInit(program.pid()), "/proc"),
            CountMounts(getpid(), "/proc") + 1);
  program.Wait();
  EXPECT_THAT(MountPointsOf(getpid()), ContainerEq(before));
}

TEST_P(MountContract, ProcOfItsOwnShowsItsOwnProcesses) {
  EXPECT_THAT(
      Execute(Shell("mount -t proc proc /proc && cd /proc && echo [0-9]*")),
      Prints("1\n"));
}

TEST_P(MountContract, PsShowsTheShellAndItself) {
  SKIP_IF(WhyNoTool("ps"));
  const Result result =
      Execute(Shell("mount -t proc proc /proc && ps -e -o pid= -o comm="));
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_THAT(result.out, MatchesRegex(" *1 sh\n *[0-9]+ ps\n"));
}

// Pitfall, fault 6: a mount that failed, and the work goes on.
TEST_P(MountContract, RefusedMountMeansNoCommand) {
  Invocation invocation = Words({"echo", "started"});
  invocation.before_exec = RefuseMounts;
  EXPECT_THAT(Execute(invocation),
              FailsInOneLine(125, HasSubstr("Operation not permitted")));
}

TEST_P(PropagationFlagContract, ValueMayFollowAsAWord) {
  EXPECT_THAT(Execute(Words({"-propagation", "slave", "echo", "x"})),
              Prints("x\n"));
}

TEST_P(PropagationFlagContract, BadValueIsRefused) {
  EXPECT_THAT(Execute(Words({"-propagation=sharde", "echo", "x"})),
              FailsInOneLine(
                  125, AllOf(HasSubstr("sharde"), HasSubstr("propagation"))));
  EXPECT_THAT(Execute(Words({"-propagation=", "echo", "x"})),
              FailsInOneLine(125, HasSubstr("propagation")));
  EXPECT_THAT(Execute(Words({"-propagation"})),
              FailsInOneLine(125, HasSubstr("propagation")));
}

}  // namespace
}  // namespace blackbox
