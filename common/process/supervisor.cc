#include "common/process/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

#include "absl/status/status.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kGracePeriod(2);
constexpr int kDealtWith[] = {SIGINT,  SIGTERM, SIGHUP,
                              SIGQUIT, SIGUSR1, SIGUSR2};

// Whether we were started so that this signal does nothing. A blocked one would
// be kept for us even then.
bool IsIgnored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 &&
         action.sa_handler == SIG_IGN;
}

bool Ends(int signal) { return signal != SIGUSR1 && signal != SIGUSR2; }

// Whether the kernel's terminal driver sent it, rather than a process.
bool CameFromKeyboard(const signalfd_siginfo& signal) {
  return signal.ssi_code == SI_KERNEL &&
         (signal.ssi_signo == SIGINT || signal.ssi_signo == SIGQUIT);
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

absl::StatusOr<Supervisor> Supervisor::Create() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : kDealtWith) {
    if (!IsIgnored(signal)) {
      sigaddset(&signals, signal);
    }
  }
  UniqueFd fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd.valid()) {
    return ErrnoError(errno, "make a descriptor for signals");
  }
  SignalState callers;
  sigprocmask(SIG_BLOCK, &signals, &callers.mask);
  // Not blocked but ignored: a blocked one would wait for its moment.
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &callers.on_broken_pipe);
  return Supervisor(callers, std::move(fd));
}

Supervisor::Supervisor(Supervisor&& other) noexcept
    : callers_(other.callers_), signals_(std::move(other.signals_)) {}

Supervisor::~Supervisor() {
  if (signals_.valid()) {
    callers_.Restore();
  }
}

void Supervisor::SignalState::Restore() const {
  sigaction(SIGPIPE, &on_broken_pipe, nullptr);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
}

void Supervisor::Release(Command& command) const {
  command.in_child.push_back([callers = callers_]() -> absl::Status {
    callers.Restore();
    return absl::OkStatus();
  });
}

// #region wait
absl::StatusOr<int> Supervisor::Wait(Child& child,
                                     KeyboardSignals keyboard) const {
  Clock::time_point deadline = kNever;
  pollfd events[] = {{child.pidfd(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  while (true) {
    const int ready = poll(events, 2, MillisecondsUntil(deadline));
    if (ready < 0 && errno != EINTR) {
      return ErrnoError(errno, "wait for the container");
    }
    if (events[0].revents != 0) {
      return child.Wait();
    }
    if (ready == 0) {
      RETURN_IF_ERROR(child.Signal(SIGKILL));
      deadline = kNever;
    }
    signalfd_siginfo signal;
    while (read(signals_.get(), &signal, sizeof(signal)) == sizeof(signal)) {
      const bool from_keyboard = CameFromKeyboard(signal);
      if (from_keyboard && keyboard == KeyboardSignals::kAreForTheContainer) {
        continue;
      }
      const int number = static_cast<int>(signal.ssi_signo);
      const bool ends = Ends(number);
      if (ends && deadline != kNever) {
        RETURN_IF_ERROR(child.Signal(SIGKILL));
      } else if (!from_keyboard) {  // From there it has got it already.
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
