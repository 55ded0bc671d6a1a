// The command's namespaces, and its end when the program is killed.

#include <signal.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"

namespace blackbox {
namespace {

using testing::ContainerEq;

TEST_P(CommandContract, NamespacesOfItsOwnAreTheChaptersAndNoMore) {
  Process program(Shell("echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  EXPECT_THAT(NamespacesThatDiffer(getpid(), FindContained(program.pid())),
              ContainerEq(ChapterUnderTest().namespaces));
  // The program itself stays on the host.
  EXPECT_THAT(NamespacesThatDiffer(getpid(), program.pid()),
              ContainerEq(std::set<std::string>{}));
}

// Nobody is left to wait for the command, or to clean up after it.
TEST_P(CommandContract, SigkillOfTheProgramEndsTheCommand) {
  Process program(Shell("echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  const pid_t contained = FindContained(program.pid());
  ASSERT_TRUE(IsAlive(contained));
  program.Signal(SIGKILL);
  EXPECT_TRUE(WaitForEnd(contained)) << Describe(contained);
}

TEST_P(CommandContract, SigtermOfTheProgramEndsTheCommand) {
  Process program(Shell("echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  const pid_t contained = FindContained(program.pid());
  ASSERT_TRUE(IsAlive(contained));
  program.Signal(SIGTERM);
  EXPECT_TRUE(WaitForEnd(contained)) << Describe(contained);
}

}  // namespace
}  // namespace blackbox
