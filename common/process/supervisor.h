// From chapter 7.
//
// What a program owes its container when it gets a signal: it must not just
// die, for it has a cgroup to remove.

#ifndef MYDOCKER_COMMON_PROCESS_SUPERVISOR_H_
#define MYDOCKER_COMMON_PROCESS_SUPERVISOR_H_

#include <signal.h>

#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/process/child.h"
#include "common/process/signals.h"

namespace mydocker {

// Whose the keyboard is: what is typed, and Ctrl-C and Ctrl-\, which the
// terminal sends to both, to the container and to the program that started it.
enum class Keyboard {
  kIsOurs,           // Ctrl-C ends the container.
  kIsTheContainers,  // An interactive shell knows what to do with Ctrl-C.
};

// From its making to its end, no signal ends this process, but SIGKILL: they
// are kept until Wait deals with them. One that the caller has us ignore, as
// nohup(1) does with SIGHUP, stays ignored. Nor does SIGPIPE end it: a write to
// a closed pipe returns an error instead.
//
// Signals of job control are not its affair, but the Job's.
class Supervisor {
 public:
  // If the keyboard is the container's, waits until we are in the foreground of
  // the terminal: before anything is made that waits along with us.
  // Errors: those of AwaitForeground and signalfd(2).
  static absl::StatusOr<Supervisor> Create(
      Keyboard keyboard = Keyboard::kIsOurs);
  Supervisor(Supervisor&& other) noexcept;
  Supervisor& operator=(Supervisor&&) = delete;
  // Makes all signals do again what they did before. Those that are still kept
  // are dropped: whom they were for has come to its end.
  ~Supervisor();

  // Starts `command`, as the function of the same name does, with its signals
  // as this process began with them. Not if we have been told to end meanwhile.
  // Errors: those of CheckForInterruption and mydocker::Start.
  absl::StatusOr<Child> Start(Command command) const;

  // Waits for the end of `child` and returns its exit status, as Child::Wait
  // does. A signal meanwhile is passed on to the child. One of kSignalsToEnd
  // also means that it must end: a process that is PID 1 ignores every signal
  // that it has no handler for (pid_namespaces(7)), so SIGKILL follows 2
  // seconds later, or at once with the second such signal.
  absl::StatusOr<int> Wait(Child& child) const;

 private:
  // What signals did in this process before.
  struct SignalState {
    void Restore() const;
    SignalSet blocked;
    struct sigaction on_broken_pipe;
  };

  Supervisor(Keyboard keyboard, const SignalState& callers, UniqueFd signals)
      : keyboard_(keyboard), callers_(callers), signals_(std::move(signals)) {}

  Keyboard keyboard_;
  SignalState callers_;
  UniqueFd signals_;  // signalfd(2)
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_SUPERVISOR_H_
