// From chapter 10.
//
// A directory for the changes of a container has one user at a time. While it
// is in use it is nobody's layer, and cannot be packed: its files change, and
// half of what belongs together may not be there yet. overlayfs itself only
// warns, in the kernel's log, and promises nothing.

#ifndef MYDOCKER_COMMON_FILES_DIRECTORY_USE_H_
#define MYDOCKER_COMMON_FILES_DIRECTORY_USE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"
#include "common/base/named_lock.h"
#include "common/namespaces/mountinfo.h"

namespace mydocker {

// The directories that this process uses, for as long as the object lives.
class DirectoryUse {
 public:
  DirectoryUse() = default;
  DirectoryUse(DirectoryUse&& other) noexcept
      : began_(std::exchange(other.began_, false)),
        locks_(std::move(other.locks_)),
        mounts_(std::move(other.mounts_)) {}
  DirectoryUse& operator=(DirectoryUse&&) = delete;
  // Also removes the files of locks that killed processes have left.
  ~DirectoryUse();

  // Adds the open `directory`, which is only read: others may read it, too, and
  // none may change it. `doing` says what it is for.
  // Errors: a container changes it (EWOULDBLOCK), or an overlay that is mounted
  // here does (FailedPrecondition); those of NamedLock.
  absl::Status Read(const UniqueFd& directory, const std::string& doing);

  // Adds one that is changed, and is nobody else's meanwhile. Errors: as above;
  // a container reads it.
  absl::Status Change(const UniqueFd& directory, const std::string& doing);

 private:
  absl::Status Add(const UniqueFd& directory, const std::string& doing,
                   NamedLock::Mode mode, absl::string_view who);

  bool began_ = false;  // A lock has been asked for.
  std::vector<NamedLock> locks_;
  std::vector<Mount> mounts_;  // Of the host, once somebody has asked.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_DIRECTORY_USE_H_
