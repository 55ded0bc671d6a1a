// From chapter 1.
//
// Signals that wait until somebody has time for them: blocked, and read from a
// descriptor.

#ifndef MYDOCKER_COMMON_PROCESS_SIGNALS_H_
#define MYDOCKER_COMMON_PROCESS_SIGNALS_H_

#include <signal.h>

#include <cstdint>
#include <initializer_list>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// Signals, a bit for each, as the kernel has them: the lowest is number 1. Not
// sigset_t, for glibc keeps two of the 64 for itself (nptl(7)), and those can
// be sent to us as well.
using SignalSet = uint64_t;

constexpr SignalSet Signals(std::initializer_list<int> numbers) {
  SignalSet set = 0;
  for (const int number : numbers) {
    set |= SignalSet{1} << (number - 1);
  }
  return set;
}

// Returns those of `signals` that the caller has us ignore, as nohup(1) does
// with SIGHUP. Blocked, they would be kept for us even so.
SignalSet IgnoredOf(SignalSet signals);

// Blocks or unblocks signals, or makes `blocked` those that are blocked. Return
// what was blocked before.
SignalSet Block(SignalSet signals);
SignalSet Unblock(SignalSet signals);
SignalSet SetBlocked(SignalSet blocked);

// Returns a descriptor that blocked signals are read from (signalfd(2)).
// A read from it does not wait. Errors: those of signalfd(2).
absl::StatusOr<UniqueFd> SignalDescriptor(SignalSet signals);

// The signals that tell a program to end. These are the ones that end a program
// which does nothing about them (signal(7)), but for those whose meaning
// programs make up: SIGUSR1, SIGUSR2, and the realtime signals. SIGKILL nobody
// can keep, and SIGPIPE comes with an error of write(2).
inline constexpr SignalSet kSignalsToEnd =
    Signals({SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
             SIGSEGV, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGIO, SIGPWR, SIGSYS,
             SIGPROF, SIGVTALRM, SIGSTKFLT});

// Returns the signal that is kept (blocked, and has come) and means that we
// must end; 0 if there is none. It stays kept.
int KeptSignalToEnd();

// Returns an error if a signal to end is kept: to be asked before what cannot
// be undone, and every now and then by what takes its time. It stays kept.
// Errors: Cancelled, which ends the program with 128 + the signal, as if it had
// died of it.
absl::Status CheckForInterruption();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_SIGNALS_H_
