#include "common/process/supervisor.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/base/fd.h"
#include "common/process/child.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/terminal.h"

namespace mydocker {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kGracePeriod(2);

sigset_t CurrentMask() {
  sigset_t mask;
  sigprocmask(SIG_BLOCK, nullptr, &mask);
  return mask;
}

// A shell under a supervisor: it runs `traps`, then reports and waits for
// signals. To be used in a forked process, whose signals it takes.
class Supervised {
 public:
  explicit Supervised(const std::string& traps) {
    // Whoever started the test may have had them ignored, and a shell cannot
    // set a trap for a signal that it finds ignored (POSIX, trap).
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
      signal(number, SIG_DFL);
    }
    absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    EXPECT_THAT(supervisor, IsOk());
    supervisor_.emplace(*std::move(supervisor));

    Command command;
    // Descriptor 4 never ends as long as we live. POSIX promises that a trap is
    // taken while the shell waits; `read` alone would go on reading.
    command.argv = {"sh", "-c",
                    traps +
                        "\nread forever <&4 & echo >&3\n"
                        "while :; do wait $!; done"};
    command.extra_files = {reports_.write_end.get(), never_.read_end.get()};
    supervisor_->Release(command);
    absl::StatusOr<Child> child = Start(command);
    EXPECT_THAT(child, IsOk());
    child_.emplace(*std::move(child));
    AwaitReport();
  }

  // Waits until the shell, or a trap of it, has done `echo >&3`.
  void AwaitReport() {
    char newline = 0;
    EXPECT_EQ(read(reports_.read_end.get(), &newline, 1), 1);
  }

  // Supervises until the shell's end; returns its exit status.
  int Wait(KeyboardSignals keyboard = KeyboardSignals::kEndTheContainer) {
    const absl::StatusOr<int> exit_status =
        supervisor_->Wait(*child_, keyboard);
    EXPECT_THAT(exit_status, IsOk());
    return exit_status.value_or(-1);
  }

 private:
  Pipe reports_ = *MakePipe();
  Pipe never_ = *MakePipe();
  std::optional<Supervisor> supervisor_;
  std::optional<Child> child_;
};

struct Signal {
  int number;
  std::string name;
};
class ForwardingTest : public testing::TestWithParam<Signal> {};

TEST_P(ForwardingTest, PassesTheSignalOn) {
  InFork([] {
    Supervised shell("trap 'exit 40' " + GetParam().name);
    kill(getpid(), GetParam().number);
    EXPECT_EQ(shell.Wait(), 40);
  });
}

TEST_P(ForwardingTest, LeavesTheChildItsDefault) {
  InFork([] {
    Supervised shell("ulimit -c 0");
    kill(getpid(), GetParam().number);
    EXPECT_EQ(shell.Wait(), 128 + GetParam().number);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Signals, ForwardingTest,
    testing::Values(Signal{SIGINT, "INT"}, Signal{SIGTERM, "TERM"},
                    Signal{SIGHUP, "HUP"}, Signal{SIGQUIT, "QUIT"},
                    Signal{SIGUSR1, "USR1"}, Signal{SIGUSR2, "USR2"}),
    [](const auto& info) { return info.param.name; });

TEST(WaitTest, ReturnsTheExitStatus) {
  InFork([] {
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    for (const auto& [script, exit_status] :
         {std::pair("exit 7", 7), std::pair("kill -KILL $$", 137)}) {
      Command command;
      command.argv = {"sh", "-c", script};
      absl::StatusOr<Child> child = Start(command);
      ASSERT_THAT(child, IsOk());
      EXPECT_EQ(supervisor->Wait(*child, KeyboardSignals::kEndTheContainer)
                    .value_or(-1),
                exit_status);
    }
    EXPECT_TRUE(HasNoChildren());
  });
}

TEST(WaitTest, DoesNotTakeUserSignalsForTheEnd) {
  InFork([] {
    // A second signal that means the end would bring SIGKILL at once.
    Supervised shell("trap 'one=1' USR1; trap 'exit 4$one' USR2");
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR2);
    EXPECT_THAT(shell.Wait(), testing::AnyOf(41, 4));
  });
}

// What ignores the signal is killed when its time is over: as PID 1 does with
// every signal that it has no handler for.
class GracePeriodTest : public testing::TestWithParam<int> {};

TEST_P(GracePeriodTest, EndsWithAKill) {
  InFork([] {
    Supervised shell("trap '' INT TERM HUP QUIT");
    const steady_clock::time_point start = steady_clock::now();
    kill(getpid(), GetParam());
    EXPECT_EQ(shell.Wait(), 128 + SIGKILL);
    EXPECT_GE(steady_clock::now() - start, kGracePeriod);
  });
}

INSTANTIATE_TEST_SUITE_P(Signals, GracePeriodTest,
                         testing::Values(SIGINT, SIGTERM, SIGHUP, SIGQUIT));

TEST(GraceTest, EndsWithTheSecondSignal) {
  InFork([] {
    Supervised shell("trap '' INT TERM HUP QUIT");
    const steady_clock::time_point start = steady_clock::now();
    kill(getpid(), SIGTERM);
    kill(getpid(), SIGHUP);
    EXPECT_EQ(shell.Wait(), 128 + SIGKILL);
    EXPECT_LT(steady_clock::now() - start, kGracePeriod);
  });
}

TEST(GraceTest, IsEnoughForAProgramToEndByItself) {
  InFork([] {
    Supervised shell("trap 'read nothing </dev/null; exit 9' TERM");
    kill(getpid(), SIGTERM);
    EXPECT_EQ(shell.Wait(), 9);
  });
}

// ------------------------------------------------------------ the keyboard

constexpr char kCtrlC = '\x03';
constexpr char kCtrlBackslash = '\x1c';

TEST(KeyboardTest, IsTheContainersIfInteractive) {
  InTerminal([](const auto& type) {
    Supervised shell(
        "trap 'interrupted=1; echo >&3' INT; trap 'echo >&3' QUIT; "
        "trap 'exit 4$interrupted' USR1");
    // The terminal sends them to us both; that takes its time.
    type(kCtrlC);
    shell.AwaitReport();
    type(kCtrlBackslash);
    shell.AwaitReport();
    // If they were signals to end, the two would mean SIGKILL.
    kill(getpid(), SIGUSR1);
    EXPECT_EQ(shell.Wait(KeyboardSignals::kAreForTheContainer), 41);
  });
}

TEST(KeyboardTest, StillForwardsWhatOthersSend) {
  InTerminal([](const auto&) {
    Supervised shell("trap 'exit 42' INT");
    kill(getpid(), SIGINT);
    EXPECT_EQ(shell.Wait(KeyboardSignals::kAreForTheContainer), 42);
  });
}

TEST(KeyboardTest, EndsTheContainerOtherwise) {
  InTerminal([](const auto& type) {
    Supervised shell("trap '' INT");
    const steady_clock::time_point start = steady_clock::now();
    type(kCtrlC);
    EXPECT_EQ(shell.Wait(KeyboardSignals::kEndTheContainer), 128 + SIGKILL);
    EXPECT_GE(steady_clock::now() - start, kGracePeriod);
  });
}

TEST(KeyboardTest, EndsTheContainerAtOnceWithTheSecond) {
  InTerminal([](const auto& type) {
    Supervised shell("trap '' INT QUIT");
    const steady_clock::time_point start = steady_clock::now();
    type(kCtrlC);
    type(kCtrlBackslash);
    EXPECT_EQ(shell.Wait(KeyboardSignals::kEndTheContainer), 128 + SIGKILL);
    EXPECT_LT(steady_clock::now() - start, kGracePeriod);
  });
}

// ------------------------------------------------------------ the mask

// The signals from 1 to 31 that `mask` blocks, a bit for each.
uint32_t Bits(const sigset_t& mask) {
  uint32_t bits = 0;
  for (int number = 1; number < 32; ++number) {
    bits |= (sigismember(&mask, number) == 1 ? 1u : 0u) << number;
  }
  return bits;
}

class MaskTest : public testing::Test {
 protected:
  // A mask that is not the usual one: SIGUSR1 and SIGALRM.
  void BlockSome() {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigaddset(&mask, SIGALRM);
    ASSERT_EQ(sigprocmask(SIG_SETMASK, &mask, nullptr), 0);
  }
};

TEST_F(MaskTest, BlocksTheSignalsWhileItLives) {
  InFork([this] {
    BlockSome();
    const uint32_t before = Bits(CurrentMask());
    {
      absl::StatusOr<Supervisor> created = Supervisor::Create();
      ASSERT_THAT(created, IsOk());
      uint32_t expected = before;
      for (const int number :
           {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
        expected |= 1u << number;
      }
      EXPECT_EQ(Bits(CurrentMask()), expected);
      const Supervisor moved = *std::move(created);
      EXPECT_EQ(Bits(CurrentMask()), expected);
    }
    EXPECT_EQ(Bits(CurrentMask()), before);
  });
}

// As with nohup: a signal that the caller has us ignore is not kept for us,
// and does not end the container.
TEST(IgnoredTest, StaysIgnored) {
  InFork([] {
    Supervised child("");
    signal(SIGUSR2, SIG_DFL);
    signal(SIGHUP, SIG_IGN);
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    Command command;
    command.argv = {"sh", "-c", "kill -HUP $PPID; exit 7"};
    absl::StatusOr<Child> started = Start(command);
    ASSERT_THAT(started, IsOk());
    EXPECT_EQ(supervisor->Wait(*started, KeyboardSignals::kEndTheContainer)
                  .value_or(-1),
              7);
  });
}

TEST_F(MaskTest, IsNotRestoredByOneThatWasMovedFrom) {
  InFork([] {
    std::optional<Supervisor> to;
    {
      absl::StatusOr<Supervisor> from = Supervisor::Create();
      ASSERT_THAT(from, IsOk());
      to.emplace(*std::move(from));
    }
    EXPECT_TRUE(Bits(CurrentMask()) & (1u << SIGTERM));
    to.reset();
    EXPECT_FALSE(Bits(CurrentMask()) & (1u << SIGTERM));
  });
}

TEST_F(MaskTest, OfAReleasedChildIsTheCallers) {
  InFork([this] {
    BlockSome();
    signal(SIGPIPE, SIG_DFL);
    const char* const kShowMask = "grep -E '^Sig(Blk|Ign):' /proc/self/status";
    const absl::StatusOr<Output> before = RunShell(kShowMask);
    ASSERT_THAT(before, IsOk());
    ASSERT_THAT(before->text, testing::HasSubstr("SigBlk:"));
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    Command command;
    command.argv = {"sh", "-c", kShowMask};
    supervisor->Release(command);
    const absl::StatusOr<Output> output = RunForOutput(command);
    ASSERT_THAT(output, IsOk());
    EXPECT_EQ(output->text, before->text);
  });
}

TEST(BrokenPipeTest, IsAnErrorAndDoesNotKillLater) {
  InFork([] {
    signal(SIGPIPE, SIG_DFL);
    {
      const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
      ASSERT_THAT(supervisor, IsOk());
      Pipe pipe = *MakePipe();
      pipe.read_end.Close();
      EXPECT_THAT(WriteAll(pipe.write_end.get(), "x"), HasErrno(EPIPE));
    }
    // The signal that came with the error must not wait for the end of the
    // supervisor, and end us then.
    struct sigaction after = {};
    sigaction(SIGPIPE, nullptr, &after);
    EXPECT_EQ(after.sa_handler, SIG_DFL);
  });
}

TEST_F(MaskTest, IsUntouchedIfThereIsNoDescriptorLeft) {
  InFork([this] {
    BlockSome();
    const uint32_t before = Bits(CurrentMask());
    SetLimit(RLIMIT_NOFILE, 0);
    EXPECT_THAT(Supervisor::Create(), HasErrno(EMFILE));
    EXPECT_EQ(Bits(CurrentMask()), before);
  });
}

}  // namespace
}  // namespace mydocker
