// What our own programs with a PID namespace promise to the shell that starts
// them, from chapter 3 on: it is a job like any other, though a process 1
// cannot be stopped by the terminal.

#include <signal.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/grade/grade.h"
#include "tests/support/hosts_shell.h"
#include "tests/support/proc.h"
#include "tests/support/terminal.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::IsEmpty;

class OursJob : public Grade {};

// A shell that runs `script` as the command.
Invocation Script(const std::string& script) {
  return AskingInteractively({"sh", "-c", script});
}

TEST_F(OursJob, InTheBackgroundNothingStartsAndNobodyTakesTheKeys) {
  HostsShell shell(Script("read word; echo got $word"));
  shell.Type("\"$RUN\" \"$@\" &\n");
  shell.AwaitPrompt();
  const pid_t program = shell.FindProgram();
  EXPECT_TRUE(WaitForState(program, "T")) << Describe(program);
  EXPECT_THAT(DescendantsOf(program), IsEmpty());
  shell.Type("echo still''here\n");
  shell.Expect("stillhere");
  shell.Type("fg\n");
  ASSERT_GT(FindInit(program), 0);
  shell.Type("word\n");
  shell.Expect("got word");
  shell.AwaitPrompt();
  shell.End();
}

// Says so at Ctrl-C, and at each word that it reads.
constexpr char kSaysWhatItGets[] =
    "trap 'echo interr''upted' INT; (exec sleep 1000); "
    "until read word; do :; done; echo got $word";

// Starts that, and waits until it sleeps.
class StartedJob {
 public:
  explicit StartedJob(HostsShell& shell) {
    shell.Type("\"$RUN\" \"$@\"\n");
    program_ = shell.FindProgram();
    init_ = FindInit(program_);
    EXPECT_TRUE(WaitUntil([this] {
      const std::vector<pid_t> inside = DescendantsOf(init_);
      // The program's children are process 1 and the one that tells it what
      // the terminal says.
      return inside.size() == 1 &&
             ArgumentsOf(inside[0]) ==
                 std::vector<std::string>{"sleep", "1000"} &&
             DescendantsOf(program_).size() == 3;
    }));
  }
  pid_t program() const { return program_; }
  void ExpectState(const std::string& state) const {
    EXPECT_TRUE(WaitForState(program_, state)) << Describe(program_);
    EXPECT_TRUE(WaitForState(init_, state)) << Describe(init_);
  }

 private:
  pid_t program_ = 0;
  pid_t init_ = 0;
};

void ExpectToHaveTheKeyboard(HostsShell& shell) {
  shell.Type(kCtrlC);
  shell.Expect("interrupted\r\n");
  shell.Type("word\n");
  shell.Expect("got word\r\n");
  shell.AwaitPrompt();
}

TEST_F(OursJob, ControlZStopsAllAndFgContinuesAll) {
  HostsShell shell(Script(kSaysWhatItGets));
  const StartedJob job(shell);
  for (int i = 0; i < 2; ++i) {
    shell.Type(kCtrlZ);
    shell.Expect("Stopped");
    shell.AwaitPrompt();
    job.ExpectState("T");
    shell.Type("fg\n");
    job.ExpectState("S");
  }
  ExpectToHaveTheKeyboard(shell);
  shell.End();
}

// Process 1 would try to read again for ever, and burn a CPU.
TEST_F(OursJob, ReadingInTheBackgroundStopsAll) {
  HostsShell shell(Script(kSaysWhatItGets));
  const StartedJob job(shell);
  shell.Type(kCtrlC);
  shell.Expect("interrupted");
  shell.Type(kCtrlZ);
  shell.AwaitPrompt();
  // fg sends SIGCONT only to what bash knows to have stopped.
  shell.Type("bg; until [[ $(jobs -s) ]]; do :; done; echo d''one\n");
  shell.Expect("done");
  job.ExpectState("T");
  shell.Type("fg\n");
  job.ExpectState("S");
  ExpectToHaveTheKeyboard(shell);
  shell.End();
}

// bash sends no SIGCONT to a job that it brings from the background, where it
// was going on.
TEST_F(OursJob, TheTerminalComesBackFromTheBackground) {
  HostsShell shell(Script(kSaysWhatItGets));
  const StartedJob job(shell);
  shell.Type(kCtrlZ);
  shell.AwaitPrompt();
  shell.Type("bg\n");
  job.ExpectState("S");
  shell.Type("fg\n");
  EXPECT_TRUE(
      WaitUntil([&] { return ForegroundOf(job.program()) == job.program(); }));
  ExpectToHaveTheKeyboard(shell);
  shell.End();
}

// The kernel tells only the foreground of a terminal that it is gone, and there
// process 1 does not listen.
TEST_F(OursJob, EndsWithTheTerminal) {
  HostsShell shell(Script(kSaysWhatItGets));
  const StartedJob job(shell);
  ASSERT_EQ(kill(shell.pid(), SIGKILL), 0);
  EXPECT_TRUE(WaitForEnd(job.program())) << Describe(job.program());
}

// As vi leaves them, if nobody gives it the time to put them back.
TEST_F(OursJob, TerminalHasItsSettingsAgain) {
  Terminal terminal(
      InHostsShell("sh", Script("stty raw -echo; echo ready; read forever"),
                   {"-c",
                    "before=$(stty -g); \"$RUN\" \"$@\"; echo status $?; "
                    "test \"$before\" = \"$(stty -g)\"",
                    "sh"}));
  terminal.Expect("ready");
  ASSERT_EQ(kill(FindInit(terminal.pid()), SIGKILL), 0);
  terminal.Expect("status 137");
  EXPECT_THAT(terminal.Wait(), ExitsWith(0));
}

}  // namespace
}  // namespace blackbox
