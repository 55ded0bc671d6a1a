#include "common/files/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/shared_directory.h"
#include "common/base/verbose.h"
#include "common/files/attributes.h"
#include "common/files/container_files.h"
#include "common/files/copy_tree.h"
#include "common/files/in_root.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

constexpr char kData[] = "_data";
constexpr char kLock[] = "lock";
constexpr char kFilling[] = "filling";
// Before what is being removed. No name begins so.
constexpr char kRemoved[] = ".removed-";
// A volume that is removed as often as it is made is not removed by chance.
constexpr int kMostAttempts = 10'000;

std::string FolderOf(absl::string_view name) {
  return absl::StrCat(kVolumesDirectory, "/", name);
}

absl::Status CheckName(absl::string_view name) {
  return IsVolumeName(name)
             ? absl::OkStatus()
             : absl::InvalidArgumentError(absl::StrCat(
                   "\"", name,
                   "\" is no name of a volume: letters and digits, and behind "
                   "the first also _ . -"));
}

absl::Status VolumeError(int error, absl::string_view doing,
                         absl::string_view name) {
  return ErrnoError(error, absl::StrCat(doing, " volume ", name),
                    error == EACCES ? "it belongs to root: use sudo" : "");
}

// Makes the folder, and those above it. Somebody may remove those, if they are
// empty.
absl::Status MakeFolder(const std::string& name) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    absl::Status above =
        MakeInSharedDirectory(kFilesDirectory, 0755, kVolumesDirectory, 0700);
    if (!above.ok() && ErrnoOf(above) != EEXIST) {
      return above;
    }
    if (mkdir(FolderOf(name).c_str(), 0700) == 0 || errno == EEXIST) {
      return absl::OkStatus();
    }
    if (errno != ENOENT) {
      break;
    }
  }
  const int error = errno;
  rmdir(kVolumesDirectory);  // Both fail if somebody has something there.
  rmdir(kFilesDirectory);
  return VolumeError(error, "make", name);
}

// Makes the volume, or what is missing of it, and returns its folder, locked so
// that nobody removes it.
absl::StatusOr<UniqueFd> MakeAndLock(const std::string& name) {
  RETURN_IF_ERROR(CheckName(name));
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    RETURN_IF_ERROR(MakeFolder(name));
    UniqueFd folder = OpenDirectory(FolderOf(name));
    if (!folder.valid() && errno != ENOENT) {
      return VolumeError(errno, "open", name);
    }
    // Whoever removes it has it locked, and renames it at once.
    if (!folder.valid() || flock(folder.get(), LOCK_SH | LOCK_NB) != 0 ||
        !IsAt(folder, FolderOf(name))) {
      usleep(100);
      continue;
    }
    // Again by chmod, since the umask must not apply.
    if (mkdirat(folder.get(), kData, 0755) == 0
            ? fchmodat(folder.get(), kData, 0755, 0) != 0
            : errno != EEXIST) {
      return VolumeError(errno, "make", name);
    }
    const UniqueFd lock(openat(
        folder.get(), kLock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock.valid()) {
      return VolumeError(errno, "make", name);
    }
    return folder;
  }
  return absl::AbortedError(
      absl::StrCat("make volume ", name, ": it is being removed all the time"));
}

// Removes what is in the directory, but not itself.
absl::Status Empty(const UniqueFd& directory) {
  std::error_code error;
  for (fs::directory_iterator entry(PathOfOpen(directory), error), end;
       !error && entry != end; entry.increment(error)) {
    if (fs::remove_all(entry->path(), error); error) {
      break;
    }
  }
  return error ? ErrnoError(error.value(), "empty it") : absl::OkStatus();
}

absl::StatusOr<bool> IsEmpty(const UniqueFd& directory) {
  std::error_code error;
  const bool is_empty = fs::is_empty(PathOfOpen(directory), error);
  return error ? absl::StatusOr<bool>(
                     ErrnoError(error.value(), "see whether it is empty"))
               : is_empty;
}

absl::Status BeginFilling(const OpenVolume& volume) {
  const UniqueFd filling(openat(volume.folder.get(), kFilling,
                                O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                                0600));
  return filling.valid() ? absl::OkStatus()
                         : ErrnoError(errno, "begin to fill it");
}

// Removes what interrupted removals have left, unless they go on.
void RemoveLeftovers() {
  std::error_code error;
  for (fs::directory_iterator entry(kVolumesDirectory, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string path = entry->path();
    if (!absl::StartsWith(entry->path().filename().string(), kRemoved)) {
      continue;
    }
    const UniqueFd folder = OpenDirectory(path);
    if (folder.valid() && flock(folder.get(), LOCK_EX | LOCK_NB) == 0) {
      std::error_code ignored;  // The next one tries again.
      fs::remove_all(path, ignored);
    }
  }
}

}  // namespace

bool IsVolumeName(absl::string_view name) {
  return !name.empty() && absl::ascii_isalnum(name[0]) &&
         absl::c_all_of(name, [](char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
         });
}

std::string PathOfVolume(absl::string_view name) {
  return absl::StrCat(FolderOf(name), "/", kData);
}

std::optional<std::string> VolumeAt(absl::string_view path) {
  if (absl::ConsumePrefix(&path, absl::StrCat(kVolumesDirectory, "/")) &&
      absl::ConsumeSuffix(&path, absl::StrCat("/", kData)) &&
      IsVolumeName(path)) {
    return std::string(path);
  }
  return std::nullopt;
}

absl::Status CreateVolume(const std::string& name) {
  return MakeAndLock(name).status();
}

absl::StatusOr<std::vector<std::string>> ListVolumes() {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(kVolumesDirectory, error), end;
       !error && entry != end; entry.increment(error)) {
    if (std::string name = entry->path().filename(); IsVolumeName(name)) {
      names.push_back(std::move(name));
    }
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return ErrnoError(error.value(), absl::StrCat("list ", kVolumesDirectory),
                      error == std::errc::permission_denied
                          ? "it belongs to root: use sudo"
                          : "");
  }
  absl::c_sort(names);
  return names;
}

// #region remove
absl::Status RemoveVolume(const std::string& name) {
  RETURN_IF_ERROR(CheckName(name));
  const UniqueFd folder = OpenDirectory(FolderOf(name));
  if (!folder.valid()) {
    return errno == ENOENT
               ? absl::NotFoundError(absl::StrCat("there is no volume ", name))
               : VolumeError(errno, "remove", name);
  }
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? absl::FailedPreconditionError(absl::StrCat(
                                      "remove volume ", name,
                                      ": a container uses it; end that first"))
                                : VolumeError(errno, "remove", name);
  }
  // Between our open and our lock, somebody may have removed it and made it
  // anew: that one we have not locked.
  if (!IsAt(folder, FolderOf(name))) {
    return absl::NotFoundError(
        absl::StrCat("remove volume ", name, ": somebody else has removed it"));
  }
  RETURN_IF_ERROR(WithContext(absl::StrCat("remove volume ", name),
                              CheckNothingIsMountedIn(FolderOf(name))));
  // First under another name: half a volume would be taken for a whole one.
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  const std::string removed =
      absl::StrCat(kVolumesDirectory, "/", kRemoved, id);
  if (rename(FolderOf(name).c_str(), removed.c_str()) != 0) {
    return VolumeError(errno, "remove", name);
  }
  std::error_code error;
  if (fs::remove_all(removed, error); error) {
    return VolumeError(error.value(), "remove", name);
  }
  RemoveLeftovers();
  RETURN_IF_ERROR(RemoveSharedDirectory(kVolumesDirectory));
  return RemoveSharedDirectory(kFilesDirectory);
}
// #endregion remove

absl::StatusOr<VolumeUse> VolumeUse::Begin(
    const std::vector<std::string>& names) {
  VolumeUse use;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(use.locks_.emplace_back(), MakeAndLock(name));
    LogStep(absl::StrCat("volume ", name, " is ", PathOfVolume(name)));
  }
  return use;
}

absl::StatusOr<OpenVolume> OpenTheVolume(const std::string& name) {
  OpenVolume volume;
  volume.folder = OpenDirectory(FolderOf(name));
  if (!volume.folder.valid()) {
    return VolumeError(errno, "open", name);
  }
  volume.data =
      UniqueFd(openat(volume.folder.get(), kData,
                      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  volume.lock = UniqueFd(
      openat(volume.folder.get(), kLock, O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!volume.data.valid() || !volume.lock.valid()) {
    return VolumeError(errno, "open", name);
  }
  return volume;
}

// #region fill
absl::Status FillVolume(const OpenVolume& volume, const UniqueFd& root,
                        const std::string& target) {
  // It blocks, but we are init, and run kills us if it has to end.
  if (flock(volume.lock.get(), LOCK_EX) != 0) {
    return ErrnoError(errno, "lock it");
  }
  const bool was_interrupted =
      faccessat(volume.folder.get(), kFilling, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  if (was_interrupted) {
    RETURN_IF_ERROR(Empty(volume.data));
  }
  ASSIGN_OR_RETURN(const bool is_empty, IsEmpty(volume.data));
  // If the image has no directory there, OpenTarget says what is wrong.
  const absl::StatusOr<UniqueFd> image =
      OpenInRoot(root, target, O_RDONLY | O_DIRECTORY, RESOLVE_NO_XDEV);
  if (is_empty && image.ok()) {
    RETURN_IF_ERROR(BeginFilling(volume));
    RETURN_IF_ERROR(CopyTree(*image, volume.data));
    ASSIGN_OR_RETURN(const bool had_nothing, IsEmpty(volume.data));
    // On the disk before it counts as whole, or a power cut could undo that.
    if (!had_nothing && syncfs(volume.data.get()) != 0) {
      return ErrnoError(errno, "write it to the disk");
    }
  }
  // From here on it is the containers': what they write is never emptied.
  if (unlinkat(volume.folder.get(), kFilling, 0) != 0 && errno != ENOENT) {
    return ErrnoError(errno, "end filling it");
  }
  return absl::OkStatus();
}
// #endregion fill

}  // namespace mydocker
