#include "common/process/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bit>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// Not glibc's sigprocmask(3), which leaves out its own two signals.
SignalSet ChangeMask(int how, SignalSet signals) {
  SignalSet before = 0;
  syscall(SYS_rt_sigprocmask, how, &signals, &before, sizeof(before));
  return before;
}

}  // namespace

SignalSet IgnoredOf(SignalSet signals) {
  SignalSet ignored = 0;
  for (int number = 1; number < _NSIG; ++number) {
    struct sigaction action = {};
    if ((signals & Signals({number})) != 0 &&
        sigaction(number, nullptr, &action) == 0 &&
        action.sa_handler == SIG_IGN) {
      ignored |= Signals({number});
    }
  }
  return ignored;
}

SignalSet Block(SignalSet signals) { return ChangeMask(SIG_BLOCK, signals); }
SignalSet Unblock(SignalSet signals) {
  return ChangeMask(SIG_UNBLOCK, signals);
}
SignalSet SetBlocked(SignalSet blocked) {
  return ChangeMask(SIG_SETMASK, blocked);
}

absl::StatusOr<UniqueFd> SignalDescriptor(SignalSet signals) {
  UniqueFd fd(
      static_cast<int>(syscall(SYS_signalfd4, -1, &signals, sizeof(signals),
                               SFD_CLOEXEC | SFD_NONBLOCK)));
  if (!fd.valid()) {
    return ErrnoError(errno, "make a descriptor for signals");
  }
  return fd;
}

int PendingTerminatingSignal() {
  SignalSet pending = 0;
  syscall(SYS_rt_sigpending, &pending, sizeof(pending));
  pending &= kTerminatingSignals;
  return pending == 0 ? 0 : std::countr_zero(pending) + 1;
}

absl::Status CheckForInterruption() {
  const int signal = PendingTerminatingSignal();
  if (signal == 0) {
    return absl::OkStatus();
  }
  return WithExitStatus(absl::CancelledError(absl::StrCat(
                            "interrupted by SIG", sigabbrev_np(signal))),
                        128 + signal);
}

}  // namespace mydocker
