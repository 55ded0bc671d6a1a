#include "chapters/00-proc/proc_files.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"

namespace mydocker {
namespace {

// #region explain
// Explains an error from a file below /proc/PID.
absl::Status Explain(pid_t pid, const absl::Status& error) {
  const int error_number = ErrnoOf(error);
  if ((error_number == ESRCH || error_number == ENOENT) &&
      access(ProcPath(pid, "").c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("process ", pid, " has ended"));
  }
  if (error_number == EACCES || error_number == EPERM) {
    return WithHint(error, geteuid() == 0
                               ? "not even this root may look into it"
                               : "it is not this user's process: use sudo");
  }
  return error;
}
// #endregion explain

}  // namespace

std::string ProcPath(pid_t pid, absl::string_view name) {
  return absl::StrCat("/proc/", pid, "/", name);
}

absl::StatusOr<std::string> ReadProcFile(pid_t pid, absl::string_view name) {
  absl::StatusOr<std::string> content = ReadKernelFile(ProcPath(pid, name));
  return content.ok() ? content : Explain(pid, content.status());
}

absl::StatusOr<std::string> ReadProcLink(pid_t pid, absl::string_view name) {
  const std::string path = ProcPath(pid, name);
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  if (size < 0) {
    return Explain(pid, ErrnoError(errno, absl::StrCat("read link ", path)));
  }
  return std::string(target.data(), size);
}

absl::StatusOr<std::vector<int>> ListProcNumbers(pid_t pid,
                                                 absl::string_view name) {
  const std::string path = ProcPath(pid, name);
  std::vector<int> numbers;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end;
       !error && entry != end; entry.increment(error)) {
    int number = 0;
    if (absl::SimpleAtoi(entry->path().filename().string(), &number)) {
      numbers.push_back(number);
    }
  }
  if (error) {
    return Explain(pid, ErrnoError(error.value(), absl::StrCat("list ", path)));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

absl::StatusOr<std::string> ReadStatusField(pid_t pid, absl::string_view key) {
  ASSIGN_OR_RETURN(const std::string status, ReadProcFile(pid, "status"));
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (absl::ConsumePrefix(&line, absl::StrCat(key, ":"))) {
      return absl::StrJoin(
          absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty()), " ");
    }
  }
  return absl::NotFoundError(
      absl::StrCat(ProcPath(pid, "status"), " has no line ", key));
}

}  // namespace mydocker
