#include "common/base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// The directory of the file, "./" if the path has none.
std::string FolderOf(const std::string& path) {
  return absl::StrCat(path.substr(0, path.rfind('/') + 1), ".");
}

// Whether the file system does not support files without a name.
bool MeansUnknown(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

}  // namespace

absl::StatusOr<NewFile> NewFile::Create(const std::string& path) {
  constexpr mode_t kForAll = 0666;  // The umask applies.
  const std::string doing = absl::StrCat("write ", path);
  NewFile made;
  made.path_ = path;
  made.file_ = UniqueFd(
      open(FolderOf(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, kForAll));
  if (!made.file_.valid() && MeansUnknown(errno)) {
    std::string name = absl::StrCat(path, ".XXXXXX");
    made.file_ = UniqueFd(mkostemp(name.data(), O_CLOEXEC));
    if (made.file_.valid()) {
      made.provisional_ = name;
      const mode_t mask = umask(0);
      umask(mask);
      fchmod(made.file_.get(), kForAll & ~mask);
    }
  }
  if (!made.file_.valid()) {
    return ErrnoError(errno, doing);
  }
  return made;
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      provisional_(std::exchange(other.provisional_, "")),
      file_(std::move(other.file_)) {}

NewFile::~NewFile() {
  if (!provisional_.empty()) {
    unlink(provisional_.c_str());
  }
}

absl::Status NewFile::Appear() {
  const std::string doing = absl::StrCat("write ", path_);
  const std::string open_file = absl::StrCat("/proc/self/fd/", file_.get());
  if (provisional_.empty()) {
    if (linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, path_.c_str(),
               AT_SYMLINK_FOLLOW) == 0) {
      return absl::OkStatus();
    }
    if (errno != EEXIST) {
      return ErrnoError(errno, doing);
    }
    // No call replaces a file by one without a name.
    const std::string name = absl::StrCat(path_, ".", getpid());
    if (linkat(AT_FDCWD, open_file.c_str(), AT_FDCWD, name.c_str(),
               AT_SYMLINK_FOLLOW) != 0) {
      return ErrnoError(errno, doing);
    }
    provisional_ = name;
  }
  if (rename(provisional_.c_str(), path_.c_str()) != 0) {
    return ErrnoError(errno, doing);
  }
  provisional_.clear();
  return absl::OkStatus();
}

}  // namespace mydocker
