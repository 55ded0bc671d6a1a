#include "common/process/job_control.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "common/base/fd.h"
#include "common/process/child.h"
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

TEST(BecomeForegroundGroupTest, TakesTheTerminal) {
  InTerminal([](const auto&) {
    InFork([] {
      const pid_t parents_group = getpgrp();
      // A process in the background that does this is stopped otherwise.
      signal(SIGTTOU, SIG_DFL);
      BecomeForegroundGroup();
      EXPECT_NE(getpgrp(), parents_group);
      EXPECT_EQ(getpgrp(), getpid());
      EXPECT_EQ(tcgetpgrp(STDIN_FILENO), getpid());
      struct sigaction after = {};
      sigaction(SIGTTOU, nullptr, &after);
      EXPECT_EQ(after.sa_handler, SIG_DFL);
    });
  });
}

TEST(BecomeForegroundGroupTest, DoesNothingWithoutATerminal) {
  InFork([] {
    UseDevNullAsStandardInput();
    const pid_t group = getpgrp();
    BecomeForegroundGroup();
    EXPECT_EQ(getpgrp(), group);
  });
}

TEST(TakeTerminalBackTest, TakesItFromTheDead) {
  InTerminal([](const auto&) {
    signal(SIGTTOU, SIG_DFL);
    InFork(BecomeForegroundGroup);
    ASSERT_FALSE(IsInForeground());
    TakeTerminalBack();
    EXPECT_TRUE(IsInForeground());
  });
}

TEST(TakeTerminalBackTest, LeavesItToTheLiving) {
  InTerminal([](const auto&) {
    Pipe pipe = *MakePipe();
    const pid_t child = fork();
    if (child == 0) {
      BecomeForegroundGroup();
      pipe.write_end.Close();
      pause();
    }
    pipe.write_end.Close();
    ASSERT_THAT(ReadAll(pipe.read_end.get()), IsOk());  // Until it has it.
    TakeTerminalBack();
    EXPECT_EQ(tcgetpgrp(STDIN_FILENO), child);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  });
}

TEST(TakeTerminalBackTest, DoesNothingWithoutATerminal) {
  InFork([] {
    UseDevNullAsStandardInput();
    const pid_t group = getpgrp();
    TakeTerminalBack();
    EXPECT_EQ(getpgrp(), group);
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

void HandleSignal(int) {}

TEST(KeyboardSignalsIgnoredTest, LastsAsLongAsItLives) {
  InFork([] {
    signal(SIGINT, HandleSignal);
    signal(SIGQUIT, SIG_DFL);
    {
      const KeyboardSignalsIgnored ignored;
      raise(SIGINT);
      raise(SIGQUIT);
    }
    struct sigaction after = {};
    sigaction(SIGINT, nullptr, &after);
    EXPECT_EQ(after.sa_handler, HandleSignal);
    sigaction(SIGQUIT, nullptr, &after);
    EXPECT_EQ(after.sa_handler, SIG_DFL);
  });
}

}  // namespace
}  // namespace mydocker
