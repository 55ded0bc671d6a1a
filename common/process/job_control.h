// From chapter 1.
//
// Who has the terminal: who gets Ctrl-C, and who may read from it. What the
// shell sees as one job is at least two processes: we on the host, and what we
// have started.

#ifndef MYDOCKER_COMMON_PROCESS_JOB_CONTROL_H_
#define MYDOCKER_COMMON_PROCESS_JOB_CONTROL_H_

#include <sys/types.h>
#include <termios.h>

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/process/signals.h"

namespace mydocker {

// Returns whether standard input is a terminal and the caller's process group
// is in its foreground: the group that gets Ctrl-C and may read
// (credentials(7), "Process group").
bool IsInForeground();

// If standard input is the terminal of our session, waits until we are in its
// foreground: stopped by SIGTTIN, like any process that reads it from the
// background, until the shell's `fg`. The kernel would not stop a process 1
// that reads there: no signal from inside its namespace can.
// Errors: EIO if nobody could ever bring us to the foreground.
absl::Status AwaitForeground();

// Makes a child and us one job for the shell. While this object lives:
//
// - Ctrl-C and Ctrl-\ are for the child and do not end us.
// - If the child is process 1 of a PID namespace, it and we are stopped and
//   continued together. No terminal signal stops a process 1: neither Ctrl-Z
//   (SIGTSTP) nor, when it reads in the background, SIGTTIN; it would retry the
//   read for ever. But SIGSTOP from outside does.
// - Such a child gets its own process group if its standard input is the
//   terminal, and that group becomes the terminal's foreground if we are: our
//   group has no number in there, and a shell that asks who has the terminal
//   would get 0, which it takes for itself.
//
// The destructor takes the terminal back if the child had it, and restores its
// settings.
class Job {
 public:
  // `is_process_1`: whether the child is process 1 of a PID namespace. Errors:
  // those of signalfd(2).
  static absl::StatusOr<std::unique_ptr<Job>> Create(bool is_process_1);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job();

  // Call first in the child: restores the signal mask that we had before.
  void ReleaseSignals() const;
  // Call in the child, last before execve(2): makes its own group, in the
  // foreground.
  void TakeTerminal() const;

  // Call in the parent once the child exists. `pidfd` must stay open for as
  // long as this object lives. Errors: those of fork(2).
  absl::Status Follow(pid_t child, int pidfd);

  // A descriptor that polls readable when Obey has something to do.
  int fd() const { return signals_.get(); }
  // Does what a job-control signal, from the terminal or from a process, asks
  // for. If that is to stop, returns after the next SIGCONT. Errors:
  // FailedPrecondition if the child reads from a terminal that it can never
  // get.
  absl::Status Obey();

  // Passes a terminal signal that we have received on to the child, unless the
  // terminal has sent it to both.
  void PassOn(int signal);

 private:
  Job(bool is_process_1, SignalSet taken, UniqueFd signals);

  // Used by Follow: starts a process in the child's group that reports to us
  // when the terminal signals that group to stop, or hangs up.
  absl::Status StartLookout();
  void EndLookout();
  // Sends `signal` to the child's group, or only to the child if it is in ours.
  void Send(int signal);
  // Stops the child, then us, and later continues both.
  absl::Status Stop(int signal, bool whole_group);
  void LendTerminal();
  void GetTerminalBack();

  const bool is_process_1_;
  const SignalSet taken_;
  UniqueFd signals_;
  // The child's pid, and the number of its group if it has its own, else 0.
  pid_t child_ = 0;
  int pidfd_ = -1;
  pid_t group_ = 0;
  pid_t lookout_ = 0;
  // Whether the terminal is lent to the child, and which group in there has it:
  // a shell has many.
  bool lent_ = false;
  pid_t holder_ = 0;
  // The terminal's settings: ours, if we have ever had it, and the child's.
  std::optional<termios> ours_;
  std::optional<termios> childs_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_JOB_CONTROL_H_
