// From chapter 10.
//
// A directory for a container's changes has one user at a time. While it is in
// use, it cannot be a layer or be packed: its files change, and may be
// half-written. overlayfs itself only warns, in the kernel's log, and promises
// nothing.

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

// The directories that this process uses, for as long as this object lives.
class DirectoryUse {
 public:
  DirectoryUse() = default;
  DirectoryUse(DirectoryUse&& other) noexcept
      : began_(std::exchange(other.began_, false)),
        locks_(std::move(other.locks_)),
        mounts_(std::move(other.mounts_)) {}
  DirectoryUse& operator=(DirectoryUse&&) = delete;
  // Also removes lock files that killed processes have left behind.
  ~DirectoryUse();

  // Adds the open `directory` for reading: others may read it, too, but nobody
  // may change it. `doing` says what it is for, in errors.
  // Errors: a container changes it (EWOULDBLOCK), or an overlay that is mounted
  // here does (FailedPrecondition); those of NamedLock.
  absl::Status Read(const UniqueFd& directory, const std::string& doing);

  // Adds a directory for changing, which nobody else may use meanwhile. Errors:
  // as above; a container reads it.
  absl::Status Change(const UniqueFd& directory, const std::string& doing);

 private:
  absl::Status Add(const UniqueFd& directory, const std::string& doing,
                   NamedLock::Mode mode, absl::string_view who);

  bool began_ = false;  // Whether any lock was requested.
  std::vector<NamedLock> locks_;
  std::vector<Mount> mounts_;  // The host's, read when first needed.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_DIRECTORY_USE_H_
