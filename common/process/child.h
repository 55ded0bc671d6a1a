// From chapter 1.
//
// A program started in namespaces of its own: what os/exec.Cmd with
// SysProcAttr.Cloneflags is to the Go articles.

#ifndef MYDOCKER_COMMON_PROCESS_CHILD_H_
#define MYDOCKER_COMMON_PROCESS_CHILD_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/process/job_control.h"

namespace mydocker {

// #region command
// An action of the new process between clone and execve. If it fails, the
// program is not started and Start returns the step's error.
using Step = std::function<absl::Status()>;

// What to start, and in what environment.
struct Command {
  // The program and its arguments, passed on byte for byte.
  std::vector<std::string> argv;
  // The file to execute. Empty: argv[0], looked up in PATH as a shell does.
  std::string program;
  // The file to execute, as a descriptor, if it has no path; -1: use `program`.
  int program_file = -1;
  // CLONE_NEW… flags, one for each namespace that the child gets of its own
  // (namespaces(7)). 0: it shares all of them with its parent.
  uint64_t clone_flags = 0;
  // Run by the child in this order, before the program starts.
  std::vector<Step> in_child;
  // These descriptors become 3, 4, … in the program. Only these and 0 to 2 stay
  // open.
  std::vector<int> extra_files;
  // A directory of cgroup v2 that the child is born into; -1: its parent's.
  int into_cgroup = -1;
};
// #endregion command

// A started process. It does not outlive this object: the destructor kills it
// if nobody has waited for it.
class Child {
 public:
  // What ended Await.
  enum class Event { kEnd, kReadable, kTimeout };

  // `pid` and `pidfd` (pidfd_open(2)) name the same child of this process;
  // `job` is the job of this child and us.
  Child(pid_t pid, UniqueFd pidfd, std::unique_ptr<Job> job)
      : pid_(pid), pidfd_(std::move(pidfd)), job_(std::move(job)) {}
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  // The process's number in the PID namespace of the caller.
  pid_t pid() const { return pid_; }
  // A descriptor that polls readable once the process has ended.
  int pidfd() const { return pidfd_.get(); }

  // Sends `signal` (signal(7)). A process that has already ended is no error.
  absl::Status Signal(int signal);

  // Passes on a terminal signal that the caller has received: see Job::PassOn.
  void PassOn(int signal) { job_->PassOn(signal); }

  // Waits until the process has ended, or `fd` is readable, or `milliseconds`
  // have passed (-1: no limit). Meanwhile it handles job control, as Job says:
  // it may stop, with the child. Errors: those of poll(2) and Job::Obey.
  absl::StatusOr<Event> Await(int fd = -1, int milliseconds = -1);

  // Waits for the end of the process and returns its exit status as a shell
  // would: its own, or 128 + N if signal N ended it. Gives the terminal back to
  // the caller if the caller had it before. Errors: those of Await and
  // waitid(2).
  absl::StatusOr<int> Wait();

 private:
  // As Wait, for a process that has ended or is about to.
  absl::StatusOr<int> Reap();

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  std::unique_ptr<Job> job_;
  bool running_ = true;
};

// Starts `command` in a new process with clone3(2), and returns when execve(2)
// has succeeded in it, or when it was killed before that (Wait then returns the
// status). From then on it is the caller's Job.
//
// The child is killed when the caller dies. The kernel clears this setting
// (prctl(2), PR_SET_PDEATHSIG) when a process changes its user or group, or
// gains capabilities. So it is set again after the steps of in_child, which may
// do that; if the program itself does so, or executes a set-user-ID program,
// nothing can set it again.
//
// Errors, each with what to do about it: a namespace was refused; a step of
// in_child failed (that step's error); the program cannot be executed. If
// `program` is empty, and the program therefore the user's command, that last
// error is marked with exit status 126, or 127 if it is not found.
// Source: the `cmd` of articles 004 (UTS Namespace) and 001 (NewParentProcess).
absl::StatusOr<Child> Start(const Command& command);

// Start, then Wait. A child in a new PID namespace, which shares standard
// input, is started only once we are in the foreground (AwaitForeground).
// Errors: those of AwaitForeground, Start and Wait.
absl::StatusOr<int> Run(const Command& command);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_CHILD_H_
