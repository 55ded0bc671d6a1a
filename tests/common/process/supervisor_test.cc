#include "common/process/supervisor.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
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

// All signals that can be caught, except SIGPIPE, SIGCHLD and those of job
// control. Realtime signals too, of which glibc reserves the first two, 32 and
// 33.
std::vector<int> SignalsPassedOn() {
  std::vector<int> numbers;
  for (int number = 1; number < _NSIG; ++number) {
    if ((Signals({SIGKILL, SIGSTOP, SIGPIPE, SIGCHLD, SIGTSTP, SIGTTIN, SIGTTOU,
                  SIGCONT}) &
         Signals({number})) == 0) {
      numbers.push_back(number);
    }
  }
  return numbers;
}

// A shell under a supervisor: it runs `traps`, then reports and waits for
// signals. Use it in a forked process: it takes that process's signals.
class Supervised {
 public:
  explicit Supervised(const std::string& traps,
                      Keyboard keyboard = Keyboard::kIsOurs) {
    // Whoever started the test may have had them ignored, and a shell cannot
    // set a trap for a signal that it finds ignored (POSIX, trap). All zeros
    // are the default. glibc's sigaction() refuses 32 and 33, and its
    // posix_spawn(), by which make starts us, ignores them.
    constexpr long kDefault[4] = {};
    for (const int number : SignalsPassedOn()) {
      syscall(SYS_rt_sigaction, number, kDefault, nullptr, _NSIG / 8);
    }
    absl::StatusOr<Supervisor> supervisor = Supervisor::Create(keyboard);
    EXPECT_THAT(supervisor, IsOk());
    supervisor_.emplace(*std::move(supervisor));

    Command command;
    // Descriptor 4 does not end as long as we live. POSIX promises that a trap
    // is taken while the shell waits; `read` alone would go on reading.
    command.argv = {"sh", "-c",
                    traps +
                        "\nread forever <&4 & echo >&3\n"
                        "while :; do wait $!; done"};
    command.extra_files = {reports_.write_end.get(), never_.read_end.get()};
    absl::StatusOr<Child> child = supervisor_->Start(command);
    EXPECT_THAT(child, IsOk());
    child_.emplace(*std::move(child));
    AwaitReport();
  }

  // Waits until the shell, or one of its traps, has executed `echo >&3`.
  void AwaitReport() {
    char newline = 0;
    EXPECT_EQ(read(reports_.read_end.get(), &newline, 1), 1);
  }

  // Supervises until the shell's end; returns its exit status.
  int Wait() {
    const absl::StatusOr<int> exit_status = supervisor_->Wait(*child_);
    EXPECT_THAT(exit_status, IsOk());
    return exit_status.value_or(-1);
  }

 private:
  Pipe reports_ = *MakePipe();
  Pipe never_ = *MakePipe();
  std::optional<Supervisor> supervisor_;
  std::optional<Child> child_;
};

TEST(ForwardingTest, LeavesTheChildItsDefault) {
  for (const int number : SignalsPassedOn()) {
    SCOPED_TRACE(number);
    InFork([number] {
      Supervised shell("ulimit -c 0; trap 'exit 41' USR2");
      kill(getpid(), number);
      // Two signals do nothing by default; a second one shows that the first
      // has arrived.
      const bool does_nothing = number == SIGURG || number == SIGWINCH;
      if (does_nothing) {
        kill(getpid(), SIGUSR2);
      }
      EXPECT_EQ(shell.Wait(), does_nothing        ? 41
                              : number == SIGUSR2 ? 41
                                                  : 128 + number);
    });
  }
}

// As a program in the container sees it.
TEST(ForwardingTest, PassesTheSignalOn) {
  for (const int number : SignalsPassedOn()) {
    if (number == SIGSEGV || (number >= 32 && number < SIGRTMIN)) {
      continue;  // A shell cannot trap these.
    }
    SCOPED_TRACE(number);
    InFork([number] {
      Supervised shell(absl::StrCat("trap 'exit 40' ", number));
      kill(getpid(), number);
      EXPECT_EQ(shell.Wait(), 40);
    });
  }
}

TEST(WaitTest, DoesNotTakeUserSignalsForTheEnd) {
  InFork([] {
    // After a second ending signal, the supervisor would send SIGKILL at once.
    Supervised shell("trap 'one=1' USR1; trap 'exit 4$one' USR2");
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR2);
    EXPECT_THAT(shell.Wait(), testing::AnyOf(41, 4));
  });
}

// A program that ignores the signal is killed when its time is over. PID 1
// ignores every signal that it has no handler for.
class GracePeriodTest : public testing::TestWithParam<int> {};

TEST_P(GracePeriodTest, EndsWithAKill) {
  InFork([] {
    Supervised shell("trap '' INT TERM HUP QUIT ALRM XCPU");
    const steady_clock::time_point start = steady_clock::now();
    kill(getpid(), GetParam());
    EXPECT_EQ(shell.Wait(), 128 + SIGKILL);
    EXPECT_GE(steady_clock::now() - start, kGracePeriod);
  });
}

INSTANTIATE_TEST_SUITE_P(Signals, GracePeriodTest,
                         testing::Values(SIGINT, SIGTERM, SIGHUP, SIGQUIT,
                                         SIGALRM, SIGXCPU));

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

// ------------------------------------------------------------ too early

TEST(StartTest, DoesNothingAfterASignalToEnd) {
  InFork([] {
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    Command command;
    command.argv = {"sh", "-c", "exit 0"};
    kill(getpid(), SIGUSR1);  // This one does not mean the end.
    EXPECT_THAT(supervisor->Start(command), IsOk());
    kill(getpid(), SIGTERM);
    for (int i = 0; i < 2; ++i) {
      const absl::Status status = supervisor->Start(command).status();
      EXPECT_THAT(status, Says("interrupted by SIGTERM"));
      EXPECT_EQ(ExitStatusOf(status), 128 + SIGTERM);
      EXPECT_TRUE(HasNoChildren());
    }
  });
}

TEST(EndTest, DropsWhatCameTooLate) {
  InFork([] {
    {
      const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
      ASSERT_THAT(supervisor, IsOk());
      kill(getpid(), SIGTERM);
      kill(getpid(), SIGALRM);
      kill(getpid(), 32);
    }
    EXPECT_EQ(PendingTerminatingSignal(), 0);
  });
}

// ------------------------------------------------------------ the keyboard

constexpr char kCtrlC = '\x03';
constexpr char kCtrlBackslash = '\x1c';

TEST(KeyboardTest, IsTheContainersIfInteractive) {
  InTerminal([](const auto& type) {
    Supervised shell(
        "trap 'interrupted=1; echo >&3' INT; trap 'echo >&3' QUIT; "
        "trap 'exit 4$interrupted' USR1",
        Keyboard::kIsTheContainers);
    // The terminal sends them to both processes, which takes time.
    type(kCtrlC);
    shell.AwaitReport();
    type(kCtrlBackslash);
    shell.AwaitReport();
    // If they counted as ending signals, two would bring SIGKILL.
    kill(getpid(), SIGUSR1);
    EXPECT_EQ(shell.Wait(), 41);
  });
}

TEST(KeyboardTest, StillForwardsWhatOthersSend) {
  InTerminal([](const auto&) {
    Supervised shell("trap 'exit 42' INT", Keyboard::kIsTheContainers);
    kill(getpid(), SIGINT);
    EXPECT_EQ(shell.Wait(), 42);
  });
}

TEST(KeyboardTest, EndsTheContainerAtOnceWithTheSecond) {
  InTerminal([](const auto& type) {
    Supervised shell("trap '' INT QUIT");
    const steady_clock::time_point start = steady_clock::now();
    type(kCtrlC);
    type(kCtrlBackslash);
    EXPECT_EQ(shell.Wait(), 128 + SIGKILL);
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
  // An unusual mask: SIGUSR1 and SIGALRM.
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
      for (const int number : SignalsPassedOn()) {
        expected |= number < 32 ? 1u << number : 0u;
      }
      EXPECT_EQ(Bits(CurrentMask()), expected);
      const Supervisor moved = *std::move(created);
      EXPECT_EQ(Bits(CurrentMask()), expected);
    }
    EXPECT_EQ(Bits(CurrentMask()), before);
  });
}

// As with nohup: a signal that the caller has set to be ignored does not become
// pending, and does not end the container.
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
    EXPECT_EQ(supervisor->Wait(*started).value_or(-1), 7);
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
    // The signal that came with the error must not stay pending until the
    // supervisor ends, and end us then.
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
