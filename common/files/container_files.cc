#include "common/files/container_files.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/shared_directory.h"
#include "common/namespaces/mountinfo.h"

namespace mydocker {

namespace fs = std::filesystem;

std::string FilesOf(absl::string_view id) {
  return absl::StrCat(kFilesDirectory, "/", id);
}

absl::Status CheckNothingIsMountedIn(const std::string& directory) {
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadMountInfo());
  for (const Mount& mount : mounts) {
    if (absl::StartsWith(mount.mount_point, directory + "/")) {
      return absl::FailedPreconditionError(
          absl::StrCat(mount.mount_point, " is a mount; unmount it first"));
    }
  }
  return absl::OkStatus();
}

absl::Status RemoveFiles(const std::string& path) {
  std::error_code error;
  const fs::path work = fs::read_symlink(path + "/work", error);
  // It may be a directory, or not exist yet.
  if (error && error != std::errc::invalid_argument &&
      error != std::errc::no_such_file_or_directory) {
    return ErrnoError(error.value(), absl::StrCat("remove ", path, "/work"));
  }
  // First, since only the link leads to it.
  const std::vector<fs::path> doomed =
      error ? std::vector<fs::path>{path} : std::vector<fs::path>{work, path};
  for (const fs::path& tree : doomed) {
    if (fs::remove_all(tree, error); error) {
      return ErrnoError(error.value(), absl::StrCat("remove ", tree.string()));
    }
  }
  return RemoveSharedDirectory(kFilesDirectory);
}

}  // namespace mydocker
