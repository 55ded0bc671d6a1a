// The exit status: the command's own, or Docker's 125, 126 and 127.

#include <signal.h>

#include "gmock/gmock.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

TEST_P(CommandContract, ExitStatusIsTheCommands) {
  // Beside small and large ones, those that have a meaning for us.
  for (const int status : {0, 1, 2, 124, 125, 126, 127, 128, 137, 254, 255}) {
    const Result result = Execute(Shell("exit " + std::to_string(status)));
    EXPECT_THAT(result, ExitsWith(status));
    EXPECT_EQ(result.err, "");
  }
}

// Pitfall, fault 4: WEXITSTATUS without WIFEXITED makes a success of this.
TEST_P(CommandContract, DeathBySegmentationFaultIs139) {
  // A program whose stack may not grow cannot start. This is a fault that the
  // kernel sees, so it ends process 1 of a PID namespace too, which a
  // `kill -SEGV $$` does not.
  EXPECT_THAT(Execute(Shell("ulimit -s 0; exec true")),
              ExitsWith(128 + SIGSEGV));
}

TEST_P(CommandContract, DeathBySigkillIs137) {
  Process program(Shell("echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  const pid_t contained = FindContained(program.pid());
  ASSERT_GT(contained, 0);
  ASSERT_EQ(kill(contained, SIGKILL), 0);
  EXPECT_THAT(program.Wait(), ExitsWith(128 + SIGKILL));
}

// Then the kernel reaps a child by itself, and waiting for it tells nothing.
TEST_P(CommandContract, StatusIsTheCommandsWhereTheCallerIgnoresSigchld) {
  Invocation invocation = Shell("exit 7");
  invocation.before_exec = [] { return signal(SIGCHLD, SIG_IGN) != SIG_ERR; };
  EXPECT_THAT(Execute(invocation), ExitsWith(7));
}

TEST_P(CommandContract, CommandNotFoundIs127) {
  const std::string name = RandomName();
  Invocation invocation = Words({name, "x"});
  // In the test's own PATH may be a directory that this caller may not enter.
  invocation.environment = {{"PATH=/usr/bin:/bin"}};
  EXPECT_THAT(Execute(invocation), FailsInOneLine(127, HasSubstr(name)));
  const std::string path = "/nowhere/" + name;
  EXPECT_THAT(Execute(Words({path})), FailsInOneLine(127, HasSubstr(path)));
}

TEST_P(CommandContract, FileThatIsNotExecutableIs126) {
  const std::string path = MakeFile("text", "no program\n", 0644);
  EXPECT_THAT(Execute(Words({path})), FailsInOneLine(126, HasSubstr(path)));
}

TEST_P(CommandContract, DirectoryIs126) {
  EXPECT_THAT(Execute(Words({TestDirectory()})),
              FailsInOneLine(126, HasSubstr(TestDirectory())));
}

TEST_P(CommandContract, ScriptWithoutInterpreterIsNotRun) {
  const std::string path = MakeFile("script", "#!/nowhere/shell\n", 0755);
  // Shells differ in which of the two it is.
  EXPECT_THAT(Execute(Words({path})),
              AnyOf(FailsInOneLine(126, HasSubstr(path)),
                    FailsInOneLine(127, HasSubstr(path))));
}

// execvp(3) would run it with /bin/sh, and a shell would too. The kernel alone
// does not know what it is.
TEST_P(CommandContract, ScriptWithoutInterpreterLineIsNotRun) {
  const std::string path = MakeFile("script", "echo started\n", 0755);
  EXPECT_THAT(Execute(Words({path})),
              FailsInOneLine(126, AllOf(HasSubstr(path), HasSubstr("#!"))));
}

TEST_P(CommandContract, OrdinaryUserIsServedOrToldWhatItTakes) {
  Invocation invocation = Words({"echo", "served"});
  invocation.uid = kOrdinaryUser;
  if (ChapterUnderTest().namespaces.count("user") > 0) {
    SKIP_IF(WhyNoUserNamespaces(kOrdinaryUser));
    EXPECT_THAT(Execute(invocation), Prints("served\n"));
  } else {
    EXPECT_THAT(Execute(invocation), FailsInOneLine(125, HasSubstr("sudo")));
  }
}

}  // namespace
}  // namespace blackbox
