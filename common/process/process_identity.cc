#include "common/process/process_identity.h"

#include <errno.h>
#include <linux/limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/kernel_file.h"

namespace mydocker {
namespace {

// Returns the target of the link `path`; "-" if it cannot be read.
std::string ReadLink(const char* path) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlink(path, target.data(), target.size());
  return size < 0 ? "-" : std::string(target.data(), size);
}

// Time namespaces (Linux 5.6) shift start times.
std::string OurNamespaces() {
  return absl::StrCat(ReadLink("/proc/self/ns/pid"), " ",
                      ReadLink("/proc/self/ns/time"));
}

// Returns whether pids and start times in `namespaces` mean the same to us.
bool AreOurs(absl::string_view namespaces) {
  return !absl::StartsWith(namespaces, "-") && namespaces == OurNamespaces();
}

// Returns whether /proc belongs to our PID namespace.
bool ProcIsOurs() { return ReadLink("/proc/self") == absl::StrCat(getpid()); }

struct Stat {
  char state = '?';
  uint64_t start_time = 0;
};

// Returns what /proc/PID/stat says.
absl::StatusOr<Stat> ReadStat(pid_t pid) {
  const std::string path = absl::StrCat("/proc/", pid, "/stat");
  ASSIGN_OR_RETURN(const std::string text, ReadKernelFile(path));
  constexpr size_t kState = 0;  // Field 3.
  constexpr size_t kStartTime = 22 - 3;
  // The process's name, field 2, may hold spaces and parentheses.
  const std::vector<absl::string_view> fields =
      absl::StrSplit(absl::string_view(text).substr(text.rfind(')') + 1), ' ',
                     absl::SkipEmpty());
  Stat stat;
  if (fields.size() <= kStartTime ||
      !absl::SimpleAtoi(fields[kStartTime], &stat.start_time)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not of the form in proc(5)"));
  }
  stat.state = fields[kState][0];
  return stat;
}

}  // namespace

absl::StatusOr<ProcessIdentity> ProcessIdentity::Of(pid_t pid) {
  // Without a /proc of a PID namespace in which this process has a number,
  // nobody could ever check the record.
  if (access("/proc/self/ns/pid", F_OK) != 0) {
    return ErrnoError(errno, "open /proc/self/ns/pid");
  }
  ProcessIdentity process = {.pid = pid, .namespaces = OurNamespaces()};
  if (ProcIsOurs()) {
    ASSIGN_OR_RETURN(const Stat stat, ReadStat(pid));
    process.start_time = stat.start_time;
  }
  return process;
}

std::optional<ProcessIdentity> ProcessIdentity::FromText(
    absl::string_view text) {
  const std::vector<std::string> words =
      absl::StrSplit(text, absl::MaxSplits(' ', 2));
  ProcessIdentity process;
  if (words.size() != 3 || !absl::SimpleAtoi(words[0], &process.pid) ||
      process.pid <= 0 || !absl::SimpleAtoi(words[1], &process.start_time)) {
    return std::nullopt;
  }
  process.namespaces = words[2];
  return process;
}

std::string ProcessIdentity::ToText() const {
  return absl::StrCat(pid, " ", start_time, " ", namespaces);
}

// #region is-gone
bool ProcessIdentity::IsGone() const {
  if (!AreOurs(namespaces)) {
    return false;
  }
  if (kill(pid, 0) != 0 && errno == ESRCH) {
    return true;
  }
  if (start_time == 0 || !ProcIsOurs()) {
    return false;
  }
  const absl::StatusOr<Stat> now = ReadStat(pid);
  return now.ok() && (now->start_time != start_time || now->state == 'Z' ||
                      now->state == 'X');
}
// #endregion is-gone

void ProcessIdentity::Kill(int limit_ms) const {
  // Open the descriptor first, so that the process checked is the process
  // killed.
  const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid() || start_time == 0 || !AreOurs(namespaces) || IsGone()) {
    return;
  }
  syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
  pollfd end = {.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  poll(&end, 1, limit_ms);
}

}  // namespace mydocker
