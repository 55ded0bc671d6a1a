// From chapter 1.
//
// Signals handled synchronously: blocked, and read from a descriptor.

#ifndef MYDOCKER_COMMON_PROCESS_SIGNALS_H_
#define MYDOCKER_COMMON_PROCESS_SIGNALS_H_

#include <signal.h>

#include <cstdint>
#include <initializer_list>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// A set of signals, one bit for each, in the kernel's form: the lowest bit is
// signal 1. Not sigset_t, since glibc reserves two of the 64 for itself
// (nptl(7)), and those can be sent to us as well.
using SignalSet = uint64_t;

constexpr SignalSet Signals(std::initializer_list<int> numbers) {
  SignalSet set = 0;
  for (const int number : numbers) {
    set |= SignalSet{1} << (number - 1);
  }
  return set;
}

// Returns those of `signals` that we inherited as ignored, as SIGHUP from
// nohup(1). If blocked, they would become pending all the same.
SignalSet IgnoredOf(SignalSet signals);

// Block or unblock signals, or set the whole mask. Return the mask before.
SignalSet Block(SignalSet signals);
SignalSet Unblock(SignalSet signals);
SignalSet SetBlocked(SignalSet blocked);

// Returns a descriptor that blocked signals are read from (signalfd(2)).
// A read from it does not wait. Errors: those of signalfd(2).
absl::StatusOr<UniqueFd> SignalDescriptor(SignalSet signals);

// The signals that tell a program to terminate: those whose default action is
// to terminate (signal(7)), except the ones whose meaning each program defines:
// SIGUSR1, SIGUSR2, and the realtime signals. SIGKILL cannot be blocked, and
// SIGPIPE comes with an error of write(2).
inline constexpr SignalSet kTerminatingSignals =
    Signals({SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
             SIGSEGV, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR, SIGSYS,
             SIGPROF, SIGVTALRM, SIGSTKFLT});

// Returns a pending signal that means we must terminate; 0 if there is none. It
// stays pending.
int PendingTerminatingSignal();

// Returns an error if a terminating signal is pending. Call it before a step
// that cannot be undone, and periodically during long work. The signal stays
// pending.
// Errors: Cancelled, which ends the program with 128 + the signal, as if it had
// died of it.
absl::Status CheckForInterruption();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_SIGNALS_H_
