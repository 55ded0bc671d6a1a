// From chapter 3 on, our own programs with a PID namespace must be a job like
// any other for the shell that starts them, though the terminal cannot stop a
// process 1.

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

// Reports each Ctrl-C, and each word that it reads.
constexpr char kSaysWhatItGets[] =
    "trap 'echo interr''upted' INT; (exec sleep 1000); "
    "until read word; do :; done; echo got $word";

// Starts this script, and waits until it sleeps.
class StartedJob {
 public:
  explicit StartedJob(HostsShell& shell) {
    shell.Type("\"$RUN\" \"$@\"\n");
    program_ = shell.FindProgram();
    init_ = FindInit(program_);
    EXPECT_TRUE(WaitUntil([this] {
      const std::vector<pid_t> inside = DescendantsOf(init_);
      // The program's children are process 1 and the one that passes the
      // terminal's signals on to it.
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

// Otherwise process 1 would try to read for ever, and use up a CPU.
TEST_F(OursJob, ReadingInTheBackgroundStopsAll) {
  HostsShell shell(Script(kSaysWhatItGets));
  const StartedJob job(shell);
  shell.Type(kCtrlC);
  shell.Expect("interrupted");
  shell.Type(kCtrlZ);
  shell.AwaitPrompt();
  // fg sends SIGCONT only to a job that bash knows to be stopped.
  shell.Type("bg; until [[ $(jobs -s) ]]; do :; done; echo d''one\n");
  shell.Expect("done");
  job.ExpectState("T");
  shell.Type("fg\n");
  job.ExpectState("S");
  ExpectToHaveTheKeyboard(shell);
  shell.End();
}

// bash sends no SIGCONT to a job that was running in the background.
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

// The kernel signals a terminal's end only to its foreground, and process 1
// there does not react.
TEST_F(OursJob, EndsWithTheTerminal) {
  HostsShell shell(Script(kSaysWhatItGets));
  const StartedJob job(shell);
  ASSERT_EQ(kill(shell.pid(), SIGKILL), 0);
  EXPECT_TRUE(WaitForEnd(job.program())) << Describe(job.program());
}

// Settings as vi leaves them if it has no time to restore them.
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
