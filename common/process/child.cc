#include "common/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/namespaces/kinds.h"
#include "common/process/executable.h"
#include "common/process/job_control.h"

namespace mydocker {
namespace {

constexpr int kFirstExtraFile = STDERR_FILENO + 1;

std::string NamespaceNames(uint64_t clone_flags) {
  std::vector<absl::string_view> names;
  for (const NamespaceKind& kind : kNamespaceKinds) {
    if (clone_flags & kind.clone_flag) {
      names.emplace_back(kind.name);
    }
  }
  return absl::StrJoin(names, ", ");
}

absl::string_view HintForClone(int error, const Command& command) {
  switch (error) {
    case EPERM:
      return command.clone_flags & CLONE_NEWUSER
                 ? "this system does not let you make user namespaces, or "
                   "you are in a chroot"
             : geteuid() == 0
                 ? "that takes CAP_SYS_ADMIN, which root has not got here: you "
                   "are in a container"
                 : "that takes CAP_SYS_ADMIN: use sudo, or a user namespace as "
                   "chapter 5 does";
    case ENOSPC:
      return "a limit in /proc/sys/user/max_*_namespaces is reached";
    case EINVAL:
      return "this kernel may be built without one of them: see /proc/self/ns";
    case EAGAIN:
      return "a limit on processes is reached: see ulimit -u and pids.max";
    case ENOSYS:
      return "clone3 needs Linux 5.3, and some container runtimes forbid it";
    case EBUSY:
    case EOPNOTSUPP:
      return command.into_cgroup >= 0
                 ? "the cgroup takes no processes: it hands controllers to "
                   "its children, or is threaded (cgroup.type)"
                 : "";
    default:
      return "";
  }
}

// #region die-with-parent
// Asks the kernel to kill this process when its parent dies, and makes sure
// that the parent has not died already. The parent's pid does not show that: in
// a new PID namespace getppid() is always 0. The pipe does: nobody else has its
// read end.
absl::Status DieWithParent(const UniqueFd& report) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return ErrnoError(errno, "tie the child's life to its parent's");
  }
  pollfd pipe = {.fd = report.get(), .events = 0, .revents = 0};
  if (poll(&pipe, 1, 0) == 1 && (pipe.revents & POLLERR)) {
    _exit(kExitMydockerFailed);
  }
  return absl::OkStatus();
}
// #endregion die-with-parent

// Returns a duplicate of `file` with the number `lowest` or a higher one.
absl::StatusOr<UniqueFd> Duplicate(int file, int lowest) {
  UniqueFd duplicate(fcntl(file, F_DUPFD_CLOEXEC, lowest));
  if (!duplicate.valid()) {
    return ErrnoError(errno, absl::StrCat("duplicate descriptor ", file));
  }
  return duplicate;
}

// Gives the extra files the numbers that the program expects, and marks all
// others above standard error close-on-exec, whoever opened them: the container
// must not see the parent's open files. Sets `program` to a duplicate of
// command.program_file, if there is one.
absl::Status ArrangeFiles(const Command& command, UniqueFd& report,
                          UniqueFd& program) {
  const int first_free =
      kFirstExtraFile + static_cast<int>(command.extra_files.size());
  // First out of the way, then into place: one may occupy another's number.
  std::vector<UniqueFd> moved;
  for (const int file : command.extra_files) {
    ASSIGN_OR_RETURN(moved.emplace_back(), Duplicate(file, first_free));
  }
  ASSIGN_OR_RETURN(report, Duplicate(report.get(), first_free));
  if (command.program_file >= 0) {
    ASSIGN_OR_RETURN(program, Duplicate(command.program_file, first_free));
  }
  for (size_t i = 0; i < moved.size(); ++i) {
    if (dup2(moved[i].get(), kFirstExtraFile + static_cast<int>(i)) < 0) {
      return ErrnoError(errno, "give an extra file its number");
    }
  }
  if (close_range(first_free, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
    return ErrnoError(errno, "mark open files close-on-exec",
                      "that needs Linux 5.11");
  }
  return absl::OkStatus();
}

// Replaces this process by the program. Returns only on error.
absl::Status ExecuteProgram(const Command& command, const UniqueFd& program) {
  // Not the user's command, so not the user's mistake.
  if (program.valid()) {
    return WithExitStatus(ExecuteFile(program.get(), command.argv),
                          kExitMydockerFailed);
  }
  if (!command.program.empty()) {
    return WithExitStatus(Execute(command.program, command.argv),
                          kExitMydockerFailed);
  }
  ASSIGN_OR_RETURN(const std::string file,
                   FindExecutable(command.argv[0], SearchPath()));
  return Execute(file, command.argv);
}

// #region become-program
// Everything that the child does between clone and execve.
absl::Status BecomeProgram(const Command& command, const Job& job,
                           UniqueFd& report) {
  RETURN_IF_ERROR(DieWithParent(report));
  job.ReleaseSignals();
  UniqueFd program;
  RETURN_IF_ERROR(ArrangeFiles(command, report, program));
  for (const Step& step : command.in_child) {
    RETURN_IF_ERROR(step());
  }
  RETURN_IF_ERROR(DieWithParent(report));  // A change of user undoes it.
  job.TakeTerminal();
  return ExecuteProgram(command, program);
}
// #endregion become-program

// The child writes its failure as a line of text: the status's code, the errno,
// the exit status, the message.
void SendReport(const UniqueFd& report, const absl::Status& failure) {
  // If the parent is gone, nobody reads the report.
  [[maybe_unused]] const absl::Status written =
      WriteAll(report.get(),
               absl::StrCat(failure.raw_code(), " ", ErrnoOf(failure), " ",
                            ExitStatusOf(failure), " ", failure.message()));
}

// Reads until every writer is gone: the child has failed, or its end of the
// pipe closed, on execve or because it was killed. A killed child reports
// nothing; its exit status tells.
absl::Status ReceiveReport(const UniqueFd& report) {
  ASSIGN_OR_RETURN(const std::string received, ReadAll(report.get()));
  if (received.empty()) {
    return absl::OkStatus();
  }
  const std::vector<std::string> fields =
      absl::StrSplit(received, absl::MaxSplits(' ', 3));
  int code = 0;
  int error_number = 0;
  int exit_status = 0;
  if (fields.size() != 4 || !absl::SimpleAtoi(fields[0], &code) ||
      !absl::SimpleAtoi(fields[1], &error_number) ||
      !absl::SimpleAtoi(fields[2], &exit_status)) {
    return absl::InternalError(
        absl::StrCat("the child's report makes no sense: ", received));
  }
  return MakeError(static_cast<absl::StatusCode>(code), fields[3], error_number,
                   exit_status);
}

}  // namespace

Child::Child(Child&& other) noexcept
    : pid_(other.pid_),
      pidfd_(std::move(other.pidfd_)),
      job_(std::move(other.job_)),
      running_(std::exchange(other.running_, false)) {}

Child::~Child() {
  if (running_ && Signal(SIGKILL).ok()) {
    // A caller that did not wait does not need its status.
    [[maybe_unused]] const absl::StatusOr<int> status = Reap();
  }
}

absl::Status Child::Signal(int signal) {
  // By pidfd, not by pid: the number may meanwhile belong to another process.
  if (syscall(SYS_pidfd_send_signal, pidfd(), signal, nullptr, 0) != 0 &&
      errno != ESRCH) {
    return ErrnoError(errno,
                      absl::StrCat("send signal ", signal, " to ", pid_));
  }
  return absl::OkStatus();
}

absl::StatusOr<Child::Event> Child::Await(int fd, int milliseconds) {
  while (true) {
    pollfd events[] = {
        {pidfd(), POLLIN, 0}, {job_->fd(), POLLIN, 0}, {fd, POLLIN, 0}};
    const int ready = poll(events, 3, milliseconds);
    if (ready < 0 && errno != EINTR) {
      return ErrnoError(errno, absl::StrCat("wait for process ", pid_));
    }
    if (ready == 0) {
      return Event::kTimeout;
    }
    if (events[0].revents != 0) {
      return Event::kEnd;
    }
    if (events[1].revents != 0) {
      RETURN_IF_ERROR(job_->Obey());
    } else if (events[2].revents != 0) {
      return Event::kReadable;
    }
  }
}

// #region wait
absl::StatusOr<int> Child::Wait() {
  RETURN_IF_ERROR(Await().status());
  return Reap();
}

absl::StatusOr<int> Child::Reap() {
  siginfo_t info = {};
  if (TEMP_FAILURE_RETRY(waitid(static_cast<idtype_t>(P_PIDFD), pidfd(), &info,
                                WEXITED)) != 0) {
    return ErrnoError(errno, absl::StrCat("wait for process ", pid_));
  }
  running_ = false;
  job_.reset();
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
// #endregion wait

// #region start
absl::StatusOr<Child> Start(const Command& command) {
  ASSIGN_OR_RETURN(Pipe report, MakePipe());
  // If our parent ignores SIGCHLD, we inherit that, and the kernel would
  // discard the child's exit status (waitid(2), NOTES).
  signal(SIGCHLD, SIG_DFL);
  ASSIGN_OR_RETURN(std::unique_ptr<Job> job,
                   Job::Create((command.clone_flags & CLONE_NEWPID) != 0));
  int pidfd = -1;
  clone_args args = {};
  args.flags = command.clone_flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  if (command.into_cgroup >= 0) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = command.into_cgroup;
  }
  // clone3 with no stack is fork: the child goes on from here with a copy of
  // the parent's memory, and returns 0. glibc has no function for it.
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
  if (pid < 0) {
    const int error = errno;
    return ErrnoError(error,
                      absl::StrCat("make a process in new namespaces (",
                                   NamespaceNames(command.clone_flags), ")"),
                      HintForClone(error, command));
  }
  if (pid == 0) {
    report.read_end.Close();
    const absl::Status failure = BecomeProgram(command, *job, report.write_end);
    SendReport(report.write_end, failure);
    // Not exit(): the child must not run the parent's exit handlers.
    _exit(ExitStatusOf(failure));
  }
  Job& both = *job;
  Child child(pid, UniqueFd(pidfd), std::move(job));
  report.write_end.Close();
  RETURN_IF_ERROR(ReceiveReport(report.read_end));
  RETURN_IF_ERROR(both.Follow(pid, pidfd));
  return child;
}
// #endregion start

absl::StatusOr<int> Run(const Command& command) {
  if (command.clone_flags & CLONE_NEWPID) {
    RETURN_IF_ERROR(AwaitForeground());
  }
  ASSIGN_OR_RETURN(Child child, Start(command));
  return child.Wait();
}

}  // namespace mydocker
