// From chapter 7.
//
// Handles signals for `run`. It cannot simply die on a signal: it still has to
// remove its container's cgroup.

#ifndef MYDOCKER_COMMON_PROCESS_SUPERVISOR_H_
#define MYDOCKER_COMMON_PROCESS_SUPERVISOR_H_

#include <signal.h>

#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/process/child.h"
#include "common/process/signals.h"

namespace mydocker {

// Who owns the keyboard: input, and Ctrl-C and Ctrl-\, which the terminal sends
// to both the container and the program that started it.
enum class Keyboard {
  kIsOurs,           // Ctrl-C ends the container.
  kIsTheContainers,  // An interactive shell knows what to do with Ctrl-C.
};

// While this object lives, no signal but SIGKILL ends this process: signals
// stay pending until Wait handles them. A signal that we inherited as ignored,
// as SIGHUP from nohup(1), stays ignored. SIGPIPE does not end the process
// either: a write to a closed pipe returns an error instead.
//
// Job-control signals are handled by Job instead.
class Supervisor {
 public:
  // If the keyboard is the container's, waits until we are in the foreground of
  // the terminal, before anything is made that would have to wait with us.
  // Errors: those of AwaitForeground and signalfd(2).
  static absl::StatusOr<Supervisor> Create(
      Keyboard keyboard = Keyboard::kIsOurs);
  Supervisor(Supervisor&& other) noexcept;
  Supervisor& operator=(Supervisor&&) = delete;
  // Restores the previous handling of all signals. Signals still pending are
  // dropped: the container they were for has ended.
  ~Supervisor();

  // Starts `command` as mydocker::Start does, with the signal handling that
  // this process began with. Does not start it if a terminating signal is
  // pending.
  // Errors: those of CheckForInterruption and mydocker::Start.
  absl::StatusOr<Child> Start(Command command) const;

  // Waits for the end of `child` and returns its exit status, as Child::Wait
  // does. Meanwhile, signals are passed on to the child. After one of
  // kTerminatingSignals the child must end: PID 1 ignores every signal that it
  // has no handler for (pid_namespaces(7)), so SIGKILL follows 2 seconds later,
  // or at once with the second such signal.
  absl::StatusOr<int> Wait(Child& child) const;

 private:
  // The signal handling of this process before.
  struct SignalState {
    void Restore() const;
    SignalSet blocked;
    struct sigaction on_broken_pipe;
  };

  Supervisor(Keyboard keyboard, const SignalState& original, UniqueFd signals)
      : keyboard_(keyboard),
        original_(original),
        signals_(std::move(signals)) {}

  Keyboard keyboard_;
  SignalState original_;
  UniqueFd signals_;  // signalfd(2)
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_SUPERVISOR_H_
