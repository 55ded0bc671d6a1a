#include "common/base/kernel_file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {

// #region write-kernel-file
absl::Status WriteKernelFile(const std::string& path, absl::string_view value) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const std::string doing = absl::StrCat("write \"", value, "\" to ", path);
  if (!file.valid()) {
    return ErrnoError(errno, doing);
  }
  const ssize_t written =
      TEMP_FAILURE_RETRY(write(file.get(), value.data(), value.size()));
  if (written < 0) {
    return ErrnoError(errno, doing);
  }
  if (static_cast<size_t>(written) != value.size()) {
    return absl::DataLossError(
        absl::StrCat(doing, ": the kernel took only ", written, " bytes"));
  }
  return absl::OkStatus();
}
// #endregion write-kernel-file

absl::StatusOr<std::string> ReadKernelFile(const std::string& path) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    return ErrnoError(errno, absl::StrCat("open ", path));
  }
  absl::StatusOr<std::string> content = ReadAll(file.get());
  if (!content.ok()) {
    return ErrnoError(ErrnoOf(content.status()), absl::StrCat("read ", path));
  }
  if (absl::EndsWith(*content, "\n")) {
    content->pop_back();
  }
  return content;
}

absl::StatusOr<uint64_t> ReadKeyedNumber(const std::string& path,
                                         absl::string_view key) {
  ASSIGN_OR_RETURN(const std::string content, ReadKernelFile(path));
  for (const absl::string_view line : absl::StrSplit(content, '\n')) {
    const std::pair<absl::string_view, absl::string_view> words =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    uint64_t number = 0;
    if (words.first == key && absl::SimpleAtoi(words.second, &number)) {
      return number;
    }
  }
  return absl::NotFoundError(absl::StrCat(path, " has no line ", key));
}

absl::StatusOr<uint64_t> ReadNumber(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string content, ReadKernelFile(path));
  uint64_t number = 0;
  if (!absl::SimpleAtoi(content, &number)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " holds no number but \"", content, "\""));
  }
  return number;
}

}  // namespace mydocker
