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

namespace mydocker {

// Whose a signal from the keyboard is (Ctrl-C, Ctrl-\). The terminal sends it
// to both, to the container and to the program that started it.
enum class KeyboardSignals {
  kEndTheContainer,
  kAreForTheContainer,  // An interactive shell knows what to do with Ctrl-C.
};

// From its making to its end, no SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 or
// SIGUSR2 ends this process: they wait until Wait deals with them. One that the
// caller has us ignore, as nohup(1) does with SIGHUP, stays ignored. Nor does
// SIGPIPE end it: a write to a closed pipe returns an error instead.
class Supervisor {
 public:
  // Errors: those of signalfd(2).
  static absl::StatusOr<Supervisor> Create();
  Supervisor(Supervisor&& other) noexcept;
  Supervisor& operator=(Supervisor&&) = delete;
  ~Supervisor();  // Makes all signals do again what they did before.

  // Has the child that `command` starts begin with its signals as this process
  // began with them.
  void Release(Command& command) const;

  // Waits for the end of `child` and returns its exit status, as Child::Wait
  // does. A signal meanwhile is passed on to the child. SIGINT, SIGTERM, SIGHUP
  // and SIGQUIT also mean that it must end: a process that is PID 1 ignores
  // every signal that it has no handler for (pid_namespaces(7)), so SIGKILL
  // follows 2 seconds later, or at once with the second such signal. `keyboard`
  // says what Ctrl-C means.
  absl::StatusOr<int> Wait(Child& child, KeyboardSignals keyboard) const;

 private:
  // What signals did in this process before.
  struct SignalState {
    void Restore() const;
    sigset_t mask;
    struct sigaction on_broken_pipe;
  };

  Supervisor(const SignalState& callers, UniqueFd signals)
      : callers_(callers), signals_(std::move(signals)) {}

  SignalState callers_;
  UniqueFd signals_;  // signalfd(2)
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_SUPERVISOR_H_
