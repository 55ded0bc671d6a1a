// What a program with a PID namespace promises, from chapter 3 on.

#include <signal.h>

#include "gmock/gmock.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"
#include "tests/support/terminal.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PidContract);

TEST_P(PidContract, CommandIsProcessOne) {
  EXPECT_THAT(Execute(Shell("echo $$")), Prints("1\n"));
}

TEST_P(PidContract, ItsParentIsNobodyInside) {
  EXPECT_THAT(Execute(Shell("echo $PPID")), Prints("0\n"));
}

TEST_P(PidContract, ProcessOneHasAnotherNumberOutside) {
  Process program(Shell("echo $$; read end"));
  ASSERT_EQ(program.ReadLine(), "1");
  const pid_t init = FindInit(program.pid());
  ASSERT_GT(init, 1);
  EXPECT_THAT(NamespacePids(init), ElementsAre(init, 1));
}

TEST_P(PidContract, ItsChildrenHaveTwoNumbersToo) {
  Process program(Shell("sleep 1000 & echo $!; read end"));
  const int inside = std::stoi(program.ReadLine());
  const std::vector<pid_t> children = DescendantsOf(FindInit(program.pid()));
  ASSERT_THAT(children, SizeIs(1));
  EXPECT_THAT(NamespacePids(children[0]), ElementsAre(children[0], inside));
}

TEST_P(PidContract, EndOfProcessOneEndsTheOthers) {
  // One child, and one orphan whose new parent is process 1.
  Process program(
      Shell("sleep 1000 & (sleep 1000 &); echo ready; read end; "
            "exit 9"));
  ASSERT_EQ(program.ReadLine(), "ready");
  const std::vector<pid_t> others = DescendantsOf(FindInit(program.pid()));
  ASSERT_THAT(others, SizeIs(2));
  EXPECT_THAT(program.Wait(), ExitsWith(9));
  for (const pid_t pid : others) {
    EXPECT_TRUE(WaitForEnd(pid)) << Describe(pid);
  }
}

TEST_P(PidContract, SigkillOfTheProgramEndsEveryProcessInside) {
  Process program(Shell("sleep 1000 & (sleep 1000 &); echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  const std::vector<pid_t> inside = DescendantsOf(program.pid());
  ASSERT_THAT(inside, SizeIs(testing::Ge(3)));
  program.Signal(SIGKILL);
  for (const pid_t pid : inside) {
    EXPECT_TRUE(WaitForEnd(pid)) << Describe(pid);
  }
}

// The kernel protects a process 1 from every signal that it has no handler for,
// if it comes from inside.
TEST_P(PidContract, ProcessOneDoesNotKillItself) {
  EXPECT_THAT(Execute(Shell("kill -TERM $$; kill -KILL $$; echo alive")),
              Prints("alive\n"));
}

// From outside only SIGKILL and SIGSTOP get through without a handler.
TEST_P(PidContract, SigtermFromOutsideNeedsAHandler) {
  Process deaf(Shell("echo ready; read go; echo alive"));
  ASSERT_EQ(deaf.ReadLine(), "ready");
  ASSERT_EQ(kill(FindInit(deaf.pid()), SIGTERM), 0);
  deaf.Write("go\n");
  EXPECT_EQ(deaf.ReadLine(), "alive");
  EXPECT_THAT(deaf.Wait(), ExitsWith(0));

  Process listening(Shell("trap 'exit 5' TERM; sleep 1000 & echo ready; wait"));
  ASSERT_EQ(listening.ReadLine(), "ready");
  ASSERT_EQ(kill(FindInit(listening.pid()), SIGTERM), 0);
  EXPECT_THAT(listening.Wait(), ExitsWith(5));
}

// A shell as a reader has it, at a prompt.
class Prompt : public Terminal {
 public:
  explicit Prompt(const Invocation& invocation) : Terminal(invocation) {
    Type("PS1='ask''> '\n");
    Await();
  }
  void Await() { Expect("ask> "); }
  // Types a command and returns what it writes before the next prompt.
  std::string Ask(const std::string& command) {
    Type(command + "\n");
    return Expect("ask> ");
  }
};

TEST_P(PidContract, InteractiveShellIsProcessOne) {
  Prompt shell(Words({"sh"}));
  EXPECT_THAT(shell.Ask("echo number $$"), HasSubstr("number 1\r\n"));
}

TEST_P(PidContract, CtrlCAtThePromptEndsNobody) {
  Prompt shell(Words({"sh"}));
  shell.Type(kCtrlC);
  shell.Await();
  EXPECT_THAT(shell.Ask("echo number $$"), HasSubstr("number 1\r\n"));
  EXPECT_TRUE(IsAlive(shell.pid()));
}

TEST_P(PidContract, CtrlCEndsTheCommandInTheForegroundOnly) {
  Prompt shell(Words({"sh"}));
  shell.Type("sh -c 'echo started; exec sleep 1000'\n");
  shell.Expect("started");
  shell.Type(kCtrlC);
  shell.Await();
  EXPECT_THAT(shell.Ask("echo status $?, number $$"),
              HasSubstr("status 130, number 1\r\n"));
}

TEST_P(PidContract, InteractiveShellEndsWithItsOwnStatus) {
  Prompt shell(Words({"sh"}));
  shell.Type("exit 7\n");
  EXPECT_THAT(shell.Wait(), ExitsWith(7));
}

// A script that runs a container can still read from its terminal afterwards: a
// process that is not in the foreground is stopped if it tries.
TEST_P(PidContract, TerminalIsGivenBack) {
  Invocation script = Words({"sh", "-ic", "exit 3"});
  // $RUN with the words of the invocation, in a shell that plays the host.
  script.args.insert(
      script.args.begin(),
      {"-c", "\"$RUN\" \"$@\"; echo status $?; read x; echo read $x", "sh"});
  script.program = "sh";
  if (script.uid.has_value()) {
    script.environment = {
        {"PATH=/usr/bin:/bin", "RUN=" + CopyForEverybody(ProgramPath())}};
  }
  Terminal terminal(script);
  terminal.Expect("status 3\r\n");
  const std::string word = RandomName();
  terminal.Type(word + "\n");
  terminal.Expect("read " + word + "\r\n");
  EXPECT_THAT(terminal.Wait(), ExitsWith(0));
}

}  // namespace
}  // namespace blackbox
