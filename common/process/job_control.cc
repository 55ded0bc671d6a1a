#include "common/process/job_control.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

constexpr SignalSet kFromKeyboard = Signals({SIGINT, SIGQUIT});
// SIGSTOP cannot be blocked: it stops only the process it is sent to.
constexpr SignalSet kStops = Signals({SIGTSTP, SIGTTIN, SIGTTOU});

void MakeForeground(pid_t group) {
  // tcsetpgrp(3) sends SIGTTOU to a process in the background, which stops it.
  const SignalSet blocked = Block(Signals({SIGTTOU}));
  tcsetpgrp(STDIN_FILENO, group);
  SetBlocked(blocked);
}

// Whether two processes, or the leaders of two groups, are in the same PID
// namespace.
bool AreInOnePidNamespace(pid_t one, pid_t other) {
  struct stat ones = {};
  struct stat others = {};
  return stat(absl::StrCat("/proc/", one, "/ns/pid").c_str(), &ones) == 0 &&
         stat(absl::StrCat("/proc/", other, "/ns/pid").c_str(), &others) == 0 &&
         ones.st_ino == others.st_ino;
}

bool IsDead(pid_t group) { return kill(-group, 0) != 0 && errno == ESRCH; }

std::optional<termios> Settings() {
  termios settings;
  return tcgetattr(STDIN_FILENO, &settings) == 0 ? std::optional(settings)
                                                 : std::nullopt;
}

void SetSettings(const std::optional<termios>& settings) {
  if (settings.has_value()) {
    tcsetattr(STDIN_FILENO, TCSANOW, &*settings);
  }
}

// Whether the process handles or ignores the signal, as an interactive shell
// does with SIGTSTP.
bool HasItsOwnMind(pid_t process, int signal) {
  const UniqueFd file(open(absl::StrCat("/proc/", process, "/status").c_str(),
                           O_RDONLY | O_CLOEXEC));
  const absl::StatusOr<std::string> status = ReadAll(file.get());
  if (!status.ok()) {
    return false;
  }
  for (absl::string_view line : absl::StrSplit(*status, '\n')) {
    SignalSet set = 0;
    if ((absl::ConsumePrefix(&line, "SigIgn:\t") ||
         absl::ConsumePrefix(&line, "SigCgt:\t")) &&
        absl::SimpleHexAtoi(line, &set) && (set & Signals({signal})) != 0) {
      return true;
    }
  }
  return false;
}

// #region lookout
// Everything that the lookout does. Only SIGKILL and our death end it.
[[noreturn]] void RelayStops(pid_t parent) {
  SetBlocked(~SignalSet{0});
  // Others may be waiting for the end of pipes that it has open.
  close_range(0, ~0U, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  constexpr SignalSet kTold = kStops | Signals({SIGHUP});
  while (getppid() == parent) {
    siginfo_t info = {};
    syscall(SYS_rt_sigtimedwait, &kTold, &info, nullptr, sizeof(kTold));
    // Only the kernel reports that the terminal is gone.
    if (info.si_signo != SIGHUP || info.si_code == SI_KERNEL) {
      kill(parent, info.si_signo);  // 0 if the wait was interrupted: no signal.
    }
  }
  _exit(EXIT_SUCCESS);
}
// #endregion lookout

// Stops us, or our whole group, with `signal`, which is blocked. Returns after
// the next SIGCONT, or false at once if the kernel does not stop us because
// nobody could continue us: our group is orphaned (setpgid(2)).
bool StopOurselves(int signal, bool whole_group) {
  kill(whole_group ? 0 : getpid(), signal);
  Unblock(Signals({signal}));  // It is delivered here.
  Block(Signals({signal}));
  constexpr SignalSet kContinued = Signals({SIGCONT});
  constexpr timespec kNow = {};
  return syscall(SYS_rt_sigtimedwait, &kContinued, nullptr, &kNow,
                 sizeof(kContinued)) == SIGCONT;
}

}  // namespace

bool IsInForeground() { return tcgetpgrp(STDIN_FILENO) == getpgrp(); }

absl::Status AwaitForeground() {
  if (tcgetpgrp(STDIN_FILENO) < 0 || IsInForeground()) {
    return absl::OkStatus();
  }
  // Reads nothing, but waits until we may.
  char nothing = 0;
  if (read(STDIN_FILENO, &nothing, 0) < 0 && errno == EIO) {
    return ErrnoError(errno, "wait for the terminal",
                      "standard input is a terminal that we are in the "
                      "background of, and no shell's job: give it another, "
                      "such as </dev/null");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Job>> Job::Create(bool is_process_1) {
  SignalSet taken = kFromKeyboard;
  if (is_process_1) {
    taken |= kStops | Signals({SIGCONT});
  }
  taken &= ~IgnoredOf(taken);
  taken &= ~Block({});  // Signals already blocked have another reader.
  ASSIGN_OR_RETURN(UniqueFd signals, SignalDescriptor(taken));
  Block(taken);
  return std::unique_ptr<Job>(new Job(is_process_1, taken, std::move(signals)));
}

Job::Job(bool is_process_1, SignalSet taken, UniqueFd signals)
    : is_process_1_(is_process_1), taken_(taken), signals_(std::move(signals)) {
  if (IsInForeground()) {
    lent_ = true;
    ours_ = Settings();
  }
}

Job::~Job() {
  EndLookout();
  if (lent_) {
    // If the terminal has not changed hands, the settings may be a neighbour's,
    // as in `run … | less`.
    const pid_t foreground = tcgetpgrp(STDIN_FILENO);
    if (foreground > 0 && IsDead(foreground)) {
      MakeForeground(getpgrp());
      SetSettings(ours_);
    }
  }
  // Late signals are dropped: the child has ended.
  signalfd_siginfo late;
  while (read(fd(), &late, sizeof(late)) > 0) {
  }
  Unblock(taken_);
}

void Job::ReleaseSignals() const { Unblock(taken_); }

// #region take-terminal
void Job::TakeTerminal() const {
  const bool is_terminal_here = tcgetpgrp(STDIN_FILENO) >= 0;
  if (is_process_1_ && is_terminal_here) {
    setpgid(0, 0);
    if (lent_) {
      MakeForeground(getpgrp());
    }
  }
}
// #endregion take-terminal

absl::Status Job::Follow(pid_t child, int pidfd) {
  child_ = child;
  pidfd_ = pidfd;
  if (!is_process_1_ || getpgid(child) != child) {
    return absl::OkStatus();
  }
  group_ = child;
  holder_ = child;
  return StartLookout();
}

absl::Status Job::StartLookout() {
  const pid_t parent = getpid();
  lookout_ = fork();
  if (lookout_ == 0) {
    RelayStops(parent);
  }
  if (lookout_ < 0) {
    return ErrnoError(errno, "make a process that watches the terminal");
  }
  setpgid(lookout_, group_);
  return absl::OkStatus();
}

void Job::EndLookout() {
  if (lookout_ > 0) {
    kill(lookout_, SIGKILL);
    waitpid(lookout_, nullptr, 0);
  }
}

void Job::Send(int signal) {
  if (group_ > 0) {
    kill(-group_, signal);
  } else {
    syscall(SYS_pidfd_send_signal, pidfd_, signal, nullptr, 0);
  }
}

absl::Status Job::Obey() {
  signalfd_siginfo info;
  if (read(fd(), &info, sizeof(info)) != sizeof(info)) {
    return absl::OkStatus();  // Another child's.
  }
  const int signal = static_cast<int>(info.ssi_signo);
  if ((kFromKeyboard & Signals({signal})) != 0) {
    if (info.ssi_code == SI_KERNEL) {
      PassOn(signal);
    }
    return absl::OkStatus();
  }
  const bool said_to_child = static_cast<pid_t>(info.ssi_pid) == lookout_;
  if (signal == SIGCONT ||
      (said_to_child && signal != SIGTSTP && IsInForeground())) {
    // Some shells send no SIGCONT on `fg` to a job that is already running.
    LendTerminal();
    Send(SIGCONT);
    return absl::OkStatus();
  }
  // The lookout may have been stopped before it could report. Its report is
  // older than the SIGCONT if the terminal is the group's by now.
  const bool is_late =
      said_to_child && signal != SIGTSTP && tcgetpgrp(STDIN_FILENO) == group_;
  if (is_late || (said_to_child && HasItsOwnMind(child_, signal))) {
    return absl::OkStatus();
  }
  return Stop(signal, said_to_child);
}

// #region stop
absl::Status Job::Stop(int signal, bool whole_group) {
  Send(SIGSTOP);
  GetTerminalBack();
  const bool was_stopped = StopOurselves(signal, whole_group);
  if (!was_stopped && signal != SIGTSTP) {
    return absl::FailedPreconditionError(
        "the container wants the terminal, and no shell can bring it to the "
        "foreground");
  }
  LendTerminal();
  Send(SIGCONT);
  return absl::OkStatus();
}
// #endregion stop

void Job::PassOn(int signal) {
  if (group_ > 0) {
    LendTerminal();
    Send(signal);
  }
}

void Job::LendTerminal() {
  if (group_ == 0 || !IsInForeground()) {
    return;
  }
  ours_ = Settings();
  SetSettings(childs_);
  MakeForeground(IsDead(holder_) ? group_ : holder_);
  lent_ = true;
}

void Job::GetTerminalBack() {
  const pid_t foreground = tcgetpgrp(STDIN_FILENO);
  if (group_ == 0 || !AreInOnePidNamespace(foreground, child_)) {
    return;
  }
  holder_ = foreground;
  childs_ = Settings();
  MakeForeground(getpgrp());
  SetSettings(ours_);
  lent_ = false;
}

}  // namespace mydocker
