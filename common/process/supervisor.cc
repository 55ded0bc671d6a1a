#include "common/process/supervisor.h"

#include <errno.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "absl/status/status.h"
#include "common/base/errors.h"
#include "common/process/job_control.h"

namespace mydocker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGracePeriod(2);

// As in Docker: SIGPIPE concerns only us, and SIGCHLD tells nothing that the
// pidfd does not. (SIGKILL and SIGSTOP cannot be blocked.)
constexpr SignalSet kNotPassedOn = Signals({SIGPIPE, SIGCHLD});
constexpr SignalSet kOfJobControl =
    Signals({SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT});
constexpr SignalSet kPassedOn = ~(kNotPassedOn | kOfJobControl);

// Returns whether the kernel's terminal driver sent it, rather than a process.
// The whole foreground group has then received it.
bool CameFromTerminal(const signalfd_siginfo& signal) {
  constexpr SignalSet kOfTerminal = Signals({SIGINT, SIGQUIT, SIGWINCH});
  return signal.ssi_code == SI_KERNEL &&
         (Signals({static_cast<int>(signal.ssi_signo)}) & kOfTerminal) != 0;
}

constexpr Clock::time_point kNever = Clock::time_point::max();

// How long poll(2) may sleep, in milliseconds; -1: for ever.
int MillisecondsUntil(Clock::time_point deadline) {
  if (deadline == kNever) {
    return -1;
  }
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

}  // namespace

absl::StatusOr<Supervisor> Supervisor::Create(Keyboard keyboard) {
  if (keyboard == Keyboard::kIsTheContainers) {
    RETURN_IF_ERROR(AwaitForeground());
  }
  const SignalSet kept = kPassedOn & ~IgnoredOf(kPassedOn);
  ASSIGN_OR_RETURN(UniqueFd signals, SignalDescriptor(kept));
  SignalState original;
  original.blocked = Block(kept);
  // Ignored, not blocked: a blocked one would stay pending.
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &original.on_broken_pipe);
  return Supervisor(keyboard, original, std::move(signals));
}

Supervisor::Supervisor(Supervisor&& other) noexcept
    : keyboard_(other.keyboard_),
      original_(other.original_),
      signals_(std::move(other.signals_)) {}

Supervisor::~Supervisor() {
  if (signals_.valid()) {
    signalfd_siginfo late;
    while (read(signals_.get(), &late, sizeof(late)) > 0) {
    }
    original_.Restore();
  }
}

void Supervisor::SignalState::Restore() const {
  sigaction(SIGPIPE, &on_broken_pipe, nullptr);
  SetBlocked(blocked);
}

absl::StatusOr<Child> Supervisor::Start(Command command) const {
  RETURN_IF_ERROR(CheckForInterruption());
  command.in_child.push_back([original = original_]() -> absl::Status {
    original.Restore();
    return absl::OkStatus();
  });
  return mydocker::Start(command);
}

// #region wait
absl::StatusOr<int> Supervisor::Wait(Child& child) const {
  Clock::time_point deadline = kNever;
  while (true) {
    ASSIGN_OR_RETURN(const Child::Event event,
                     child.Await(signals_.get(), MillisecondsUntil(deadline)));
    if (event == Child::Event::kEnd) {
      return child.Wait();
    }
    if (event == Child::Event::kTimeout) {
      RETURN_IF_ERROR(child.Signal(SIGKILL));
      deadline = kNever;
    }
    signalfd_siginfo signal;
    while (read(signals_.get(), &signal, sizeof(signal)) == sizeof(signal)) {
      const int number = static_cast<int>(signal.ssi_signo);
      const bool from_terminal = CameFromTerminal(signal);
      if (from_terminal && keyboard_ == Keyboard::kIsTheContainers) {
        child.PassOn(number);
        continue;
      }
      const bool ends = (kTerminatingSignals & Signals({number})) != 0;
      if (ends && deadline != kNever) {
        RETURN_IF_ERROR(child.Signal(SIGKILL));
      } else if (!from_terminal) {  // The terminal has already sent it to the
                                    // child.
        RETURN_IF_ERROR(child.Signal(number));
      }
      if (ends) {
        deadline = Clock::now() + kGracePeriod;
      }
    }
  }
}
// #endregion wait

}  // namespace mydocker
