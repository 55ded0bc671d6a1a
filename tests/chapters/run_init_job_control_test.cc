// Chapter 8, `run` and `init`: a job of the caller's shell, with -ti and
// without.

#include <signal.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/container_test.h"
#include "tests/support/hosts_shell.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/terminal.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using RunInitJobControlTest = ContainerTest;

// Without -ti it does not take the terminal: it can start in the background,
// and Ctrl-C ends it in the foreground.
TEST_F(RunInitJobControlTest,
       WithoutTiItRunsInTheBackgroundAndStopsByControlZ) {
  HostsShell shell({.args = {"run", "sleep", "1000"}});
  shell.Type("\"$RUN\" \"$@\" &\n");
  shell.AwaitPrompt();
  const pid_t run = shell.FindProgram();
  const pid_t init = FindInit(run);
  ASSERT_TRUE(WaitUntil([init] {
    return ArgumentsOf(init) == std::vector<std::string>{"sleep", "1000"};
  }));
  shell.Type("fg\n");
  EXPECT_TRUE(WaitUntil([run] { return ForegroundOf(run) == run; }));
  shell.Type(kCtrlZ);
  shell.Expect("Stopped");
  shell.AwaitPrompt();
  EXPECT_TRUE(WaitForState(run, "T")) << Describe(run);
  EXPECT_TRUE(WaitForState(init, "T")) << Describe(init);
  shell.Type("fg\n");
  EXPECT_TRUE(WaitForState(run, "S")) << Describe(run);
  EXPECT_TRUE(WaitForState(init, "S")) << Describe(init);
  shell.Type(kCtrlC);
  shell.AwaitPrompt();
  shell.Type("echo status $?\n");
  shell.Expect("status 137");
  shell.AwaitPrompt();
  shell.End();
}

// A signal that is sent to `run` alone does the same.
TEST_F(RunInitJobControlTest, StopsWithRunWhoeverSendsTheSignal) {
  // In a process group of its own, whose parent is in the same session. The
  // kernel does not stop an orphaned group, and the test's group may be one.
  Process run(
      {.args = {"run", "-ti", "sh", "-c", "echo ready; read word; exit 6"},
       .before_exec = [] { return setpgid(0, 0) == 0; }});
  ASSERT_EQ(run.ReadLine(), "ready");
  const pid_t init = FindInit(run.pid());
  run.Signal(SIGTSTP);
  EXPECT_TRUE(WaitForState(run.pid(), "T")) << Describe(run.pid());
  EXPECT_TRUE(WaitForState(init, "T")) << Describe(init);
  run.Signal(SIGCONT);
  EXPECT_TRUE(WaitForState(init, "S")) << Describe(init);
  run.Write("word\n");
  EXPECT_THAT(run.Wait(), ExitsWith(6));
}

// Once the container has the terminal, `run` is in the background, and with
// `stty tostop` the kernel stops a process that writes from there.
TEST_F(RunInitJobControlTest, TellsItsStepsWhereTheBackgroundMayNotWrite) {
  HostsShell shell({.args = {"run", "-verbose", "-ti", "echo", "hello"}});
  shell.Type("stty tostop; \"$RUN\" \"$@\"; echo status $?\n");
  shell.Expect("hello");
  shell.Expect("ended with 0");
  shell.Expect("status 0");
  shell.AwaitPrompt();
  shell.End();
}

// Other programs may change the terminal's settings meanwhile: `run … | less`.
TEST_F(RunInitJobControlTest, SettingsStayIfTheTerminalDidNotChangeHands) {
  Terminal terminal(InHostsShell(
      "sh", {.args = {"run", "sh", "-c", "stty -icanon </dev/tty"}},
      {"-c", "stty icanon; \"$RUN\" \"$@\"; stty -a | grep -o -e -icanon",
       "sh"}));
  terminal.Expect("-icanon");
  EXPECT_THAT(terminal.Wait(), ExitsWith(0));
}

// What a container without its own terminal cannot do: a program that handles
// Ctrl-Z and is process 1 cannot stop itself. It goes on.
TEST_F(RunInitJobControlTest, ControlZIsForWhoHandlesIt) {
  HostsShell shell({.args = {"run", "-ti", "sh", "-c",
                             "trap 'echo hand''led' TSTP; echo rea''dy; "
                             "until read word; do :; done; echo got $word"}});
  shell.Type("\"$RUN\" \"$@\"\n");
  shell.Expect("ready\r\n");
  shell.Type(kCtrlZ);
  shell.Expect("handled\r\n");
  shell.Type("word\n");
  shell.Expect("got word");
  shell.AwaitPrompt();
  shell.End();
}

}  // namespace
}  // namespace blackbox
