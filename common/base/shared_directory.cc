#include "common/base/shared_directory.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// Even on the busiest machine, other containers do not end between two of our
// calls this often: then the parent is something else, such as a dangling link.
constexpr int kMostAttempts = 100'000;

absl::Status Make(const std::string& path, mode_t permissions) {
  if (mkdir(path.c_str(), permissions) != 0) {
    const int error = errno;
    return ErrnoError(error, absl::StrCat("make ", path),
                      error == EACCES  ? "it belongs to root: use sudo"
                      : error == EROFS ? "it is mounted read-only"
                                       : "");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MakeInSharedDirectory(const std::string& parent,
                                   mode_t parent_permissions,
                                   const std::string& path,
                                   mode_t permissions) {
  absl::Status made;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    made = Make(parent, parent_permissions);
    if (!made.ok() && ErrnoOf(made) != EEXIST) {
      return made;
    }
    made = Make(path, permissions);
    if (ErrnoOf(made) != ENOENT) {
      break;
    }
  }
  if (!made.ok()) {
    rmdir(parent.c_str());  // Fails if somebody else has something there.
  }
  return made;
}

absl::Status RemoveSharedDirectory(const std::string& parent) {
  // ENOTEMPTY, or EBUSY for a cgroup: others have something there. EBUSY also
  // if it is a mount point.
  if (rmdir(parent.c_str()) != 0 && errno != ENOTEMPTY && errno != EBUSY &&
      errno != ENOENT) {
    return ErrnoError(errno, absl::StrCat("remove ", parent));
  }
  return absl::OkStatus();
}

}  // namespace mydocker
