#include "common/process/job_control.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <string>

#include "common/base/fd.h"
#include "common/process/child.h"
#include "common/process/signals.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/terminal.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

void UseDevNullAsStandardInput() {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  ASSERT_EQ(dup2(null.get(), STDIN_FILENO), STDIN_FILENO);
}

TEST(IsInForegroundTest, IsTrueForWhoHasTheTerminal) {
  InTerminal([](const auto&) { EXPECT_TRUE(IsInForeground()); });
}

TEST(IsInForegroundTest, IsFalseForAnotherGroup) {
  InTerminal([](const auto&) {
    InFork([] {
      ASSERT_EQ(setpgid(0, 0), 0);
      EXPECT_FALSE(IsInForeground());
    });
  });
}

TEST(IsInForegroundTest, IsFalseWithoutATerminal) {
  InFork([] {
    UseDevNullAsStandardInput();
    EXPECT_FALSE(IsInForeground());
    close(STDIN_FILENO);
    EXPECT_FALSE(IsInForeground());
  });
}

TEST(AwaitForegroundTest, IsOverAtOnceInTheForegroundOrWithoutATerminal) {
  InTerminal([](const auto&) { EXPECT_THAT(AwaitForeground(), IsOk()); });
  InFork([] {
    UseDevNullAsStandardInput();
    EXPECT_THAT(AwaitForeground(), IsOk());
  });
}

TEST(AwaitForegroundTest, StopsInTheBackgroundUntilTheForeground) {
  InTerminal([](const auto&) {
    const pid_t child = fork();
    if (child == 0) {
      signal(SIGTTIN, SIG_DFL);
      setpgid(0, 0);
      _exit(AwaitForeground().ok() ? 7 : 1);
    }
    int status = 0;
    // If it is continued, but not in the foreground, it stops again.
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(waitpid(child, &status, WUNTRACED), child);
      ASSERT_TRUE(WIFSTOPPED(status));
      EXPECT_EQ(WSTOPSIG(status), SIGTTIN);
      if (i == 1) {
        ASSERT_EQ(tcsetpgrp(STDIN_FILENO, child), 0);
      }
      kill(-child, SIGCONT);
    }
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
  });
}

TEST(AwaitForegroundTest, FailsWhereNobodyCouldContinueUs) {
  InTerminal([](const auto&) {
    InFork([] {
      ASSERT_EQ(setpgid(0, 0), 0);
      signal(SIGTTIN, SIG_IGN);
      EXPECT_THAT(AwaitForeground(), HasErrno(EIO));
    });
  });
}

// A child that takes the foreground itself, as an interactive shell does.
Command TakingTheTerminal(const std::string& script) {
  Command command;
  command.argv = {"sh", "-c", script};
  command.in_child = {[]() -> absl::Status {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(STDIN_FILENO, getpgrp());
    return absl::OkStatus();
  }};
  return command;
}

TEST(JobTest, TakesTheTerminalFromTheDeadWithItsSettings) {
  InTerminal([](const auto&) {
    termios before = {};
    ASSERT_EQ(tcgetattr(STDIN_FILENO, &before), 0);
    EXPECT_EQ(mydocker::Run(TakingTheTerminal("stty raw -echo; kill -KILL $$"))
                  .value_or(-1),
              128 + SIGKILL);
    EXPECT_TRUE(IsInForeground());
    termios after = {};
    ASSERT_EQ(tcgetattr(STDIN_FILENO, &after), 0);
    EXPECT_EQ(after.c_lflag, before.c_lflag);
    EXPECT_EQ(after.c_oflag, before.c_oflag);
  });
}

TEST(JobTest, LeavesTheTerminalToTheLiving) {
  InTerminal([](const auto&) {
    const Pipe pipe = *MakePipe();
    // The process that stays needs descriptor 3 open, and this input never
    // ends.
    Command command = TakingTheTerminal("read forever <&3 & exit 0");
    command.extra_files = {pipe.read_end.get()};
    ASSERT_EQ(mydocker::Run(command).value_or(-1), 0);
    const pid_t holder = tcgetpgrp(STDIN_FILENO);
    EXPECT_NE(holder, getpgrp());
    kill(-holder, SIGKILL);
  });
}

TEST(JobTest, LeavesNoSignalBlocked) {
  InFork([] {
    signal(SIGINT, SIG_DFL);
    const SignalSet before = Block(0);
    Command command;
    // Ctrl-C comes and the child ends: the signal must not stay pending for us.
    command.argv = {"sh", "-c", "kill -INT $PPID"};
    EXPECT_EQ(mydocker::Run(command).value_or(-1), 0);
    EXPECT_EQ(Block(0), before);
  });
}

// Start and Wait, as the programs use all this.
TEST(ChildInTerminalTest, HasItInAPidNamespaceAndGivesItBack) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InTerminal([](const auto&) {
    Command command;
    // Field 5 of stat is the group, field 8 the terminal's foreground
    // (proc(5)).
    command.argv = {"sh", "-c",
                    "read pid comm state ppid group session tty fg rest "
                    "</proc/self/stat; [ \"$group\" = \"$fg\" ]"};
    command.clone_flags = CLONE_NEWUSER | CLONE_NEWPID;
    const absl::StatusOr<int> exit_status = mydocker::Run(command);
    ASSERT_THAT(exit_status, IsOk());
    EXPECT_EQ(*exit_status, 0);
    EXPECT_TRUE(IsInForeground());
  });
}

TEST(ChildInTerminalTest, IsInTheCallersGroupOtherwise) {
  InTerminal([](const auto&) {
    Command command;
    command.argv = {"sh", "-c",
                    "read pid comm state ppid group rest </proc/$$/stat; "
                    "printf %s $group"};
    const absl::StatusOr<Output> output = RunForOutput(command);
    ASSERT_THAT(output, IsOk());
    EXPECT_EQ(output->text, std::to_string(getpgrp()));
    EXPECT_TRUE(IsInForeground());
  });
}

}  // namespace
}  // namespace mydocker
