// From chapter 1.
//
// Who has the terminal: whom Ctrl-C is for, and who may read from it. What is a
// job to the shell that started us is two processes, and more: we on the host,
// and what we have started.

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

// Returns whether standard input is a terminal, and the caller's process group
// its foreground: the one that Ctrl-C goes to and that may read
// (credentials(7), "Process group").
bool IsInForeground();

// If standard input is the terminal of our session, waits until we are in its
// foreground: stopped by SIGTTIN, as everybody is who reads it from the
// background, until a shell's `fg`. For a process 1 that reads from there the
// kernel would not do that: it can be stopped by nobody inside.
// Errors: EIO where nobody could ever bring us to the foreground.
absl::Status AwaitForeground();

// A child and we, as one job of a shell. While this object lives:
//
// - Ctrl-C and Ctrl-\ are for the child and do not end us.
// - If the child is process 1 of a PID namespace, it and we are stopped and
//   continued together. To the kernel a process 1 is never stopped by a signal
//   of the terminal: Ctrl-Z (SIGTSTP) does not, nor does reading in the
//   background (SIGTTIN), which it would then try again for ever. But from
//   outside SIGSTOP does.
// - Such a child has a process group of its own if its standard input is the
//   terminal, and that group is the terminal's foreground if we are: our group
//   has no number in there, and a shell that asks who has the terminal would
//   get 0, which it takes for itself.
//
// In the end the terminal, if the child has had it, is ours again, with the
// settings that it had.
class Job {
 public:
  // `is_process_1`: whether the child is process 1 of a PID namespace. Errors:
  // those of signalfd(2).
  static absl::StatusOr<std::unique_ptr<Job>> Create(bool is_process_1);
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job();

  // In the child, first: its signals are what ours were before.
  void ReleaseSignals() const;
  // In the child, last before execve(2): a group of its own, in the foreground.
  void TakeTerminal() const;

  // In the parent, when the child is there. `pidfd` must be open for as long as
  // this object lives. Errors: there can be no further process (fork(2)).
  absl::Status Follow(pid_t child, int pidfd);

  // A descriptor that polls readable when there is something to Obey.
  int fd() const { return signals_.get(); }
  // Does what the terminal, or whoever sent a signal of job control, has said.
  // Returns after the next SIGCONT if that was to stop. Errors:
  // FailedPrecondition if the child reads from a terminal that it can never
  // get.
  absl::Status Obey();

  // Passes a signal of the terminal on, which we have got: to the child, unless
  // the terminal has sent it to both.
  void PassOn(int signal);

 private:
  Job(bool is_process_1, SignalSet taken, UniqueFd signals);

  // Follow's: a process in the child's group that tells us when the terminal
  // says to that group that it must stop, or that the terminal is gone.
  absl::Status StartLookout();
  void EndLookout();
  // Sends to the child's group, or to the child if it is in ours.
  void Send(int signal);
  // Stops the child, then us, and goes on with both.
  absl::Status Stop(int signal, bool whole_group);
  void LendTerminal();
  void GetTerminalBack();

  const bool is_process_1_;
  const SignalSet taken_;
  UniqueFd signals_;
  // The child's, and its group's number if that is its own, else 0.
  pid_t child_ = 0;
  int pidfd_ = -1;
  pid_t group_ = 0;
  pid_t lookout_ = 0;
  // Whether the terminal is lent to the child, and which of the groups in there
  // has it: a shell has many.
  bool lent_ = false;
  pid_t holder_ = 0;
  // The terminal's settings: ours, if we have ever had it, and what the child
  // has made of them.
  std::optional<termios> ours_;
  std::optional<termios> childs_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_JOB_CONTROL_H_
