#include "common/files/directory_use.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/namespaces/mountinfo.h"

namespace mydocker {
namespace {

constexpr absl::string_view kPrefix = "directory-";

bool IsAt(const struct stat& identity, const std::string& path) {
  struct stat there = {};
  return stat(path.c_str(), &there) == 0 && there.st_dev == identity.st_dev &&
         there.st_ino == identity.st_ino;
}

// Returns whether `path`, as it was given to mount(2), is that directory. A
// relative path started at the caller's working directory. That is not
// recorded, but it is mostly above the mount point: Docker, too, changes there
// to have short paths.
bool Leads(const std::string& path, const Mount& mount,
           const struct stat& identity) {
  if (absl::StartsWith(path, "/")) {
    return IsAt(identity, path);
  }
  std::string folder = mount.mount_point;
  while (!folder.empty()) {
    folder.resize(folder.rfind('/'));
    if (IsAt(identity, absl::StrCat(folder, "/", path))) {
      return true;
    }
  }
  return false;
}

// Refuses a directory that an overlay writes to. The overlays of containers are
// in their own namespaces and not visible here: the lock covers them.
absl::Status CheckOverlays(const struct stat& identity,
                           const std::vector<Mount>& mounts,
                           const std::string& doing) {
  for (const Mount& mount : mounts) {
    for (const std::string& option : mount.super_options) {
      absl::string_view path = option;
      if (mount.type == "overlay" &&
          (absl::ConsumePrefix(&path, "upperdir=") ||
           absl::ConsumePrefix(&path, "workdir=")) &&
          Leads(std::string(path), mount, identity)) {
        return absl::FailedPreconditionError(
            absl::StrCat(doing, ": the overlay on ", mount.mount_point,
                         " writes to it; unmount that first"));
      }
    }
  }
  return absl::OkStatus();
}

// Held while such locks are taken or released. When a shared lock is released,
// it is exclusive for a moment, so that its file can be removed; nobody must
// mistake that for a use.
absl::StatusOr<NamedLock> LockAllLocks() {
  return NamedLock::Acquire("directories");
}

}  // namespace

DirectoryUse::~DirectoryUse() {
  if (began_) {
    // Without it, at worst the lock files stay.
    [[maybe_unused]] const absl::StatusOr<NamedLock> all = LockAllLocks();
    locks_.clear();
    NamedLock::RemoveAbandoned(kPrefix);
  }
}

absl::Status DirectoryUse::Read(const UniqueFd& directory,
                                const std::string& doing) {
  return Add(directory, doing, NamedLock::Mode::kShared,
             "a container uses it for its changes; end that first");
}

absl::Status DirectoryUse::Change(const UniqueFd& directory,
                                  const std::string& doing) {
  return Add(directory, doing, NamedLock::Mode::kExclusive,
             "another container uses it; end that first");
}

absl::Status DirectoryUse::Add(const UniqueFd& directory,
                               const std::string& doing, NamedLock::Mode mode,
                               absl::string_view who) {
  struct stat identity = {};
  if (fstat(directory.get(), &identity) != 0) {
    return ErrnoError(errno, doing);
  }
  absl::StatusOr<NamedLock> all = LockAllLocks();
  RETURN_IF_ERROR(WithContext(doing, all.status()));
  began_ = true;
  absl::StatusOr<NamedLock> lock = NamedLock::TryAcquire(
      absl::StrCat(kPrefix, major(identity.st_dev), "-", minor(identity.st_dev),
                   "-", identity.st_ino),
      mode);
  if (ErrnoOf(lock.status()) == EWOULDBLOCK) {
    return ErrnoError(EWOULDBLOCK, doing, who);
  }
  RETURN_IF_ERROR(WithContext(doing, lock.status()));
  locks_.push_back(*std::move(lock));
  if (mounts_.empty()) {
    ASSIGN_OR_RETURN(mounts_, ReadMountInfo());
  }
  return CheckOverlays(identity, mounts_, doing);
}

}  // namespace mydocker
