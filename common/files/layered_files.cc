#include "common/files/layered_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/shared_directory.h"
#include "common/base/verbose.h"
#include "common/files/attributes.h"
#include "common/files/container_files.h"
#include "common/files/inherit.h"
#include "common/files/unpack_layer.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

// The kernel's fs/overlayfs/params.h: OVL_MAX_STACK.
constexpr size_t kMostLayers = 500;

// Makes the directory; on failure, leaves nothing behind.
absl::Status MakeDirectory(const std::string& path, mode_t permissions) {
  if (mkdir(path.c_str(), permissions) != 0) {
    return ErrnoError(errno, absl::StrCat("make ", path),
                      errno == EACCES ? "it belongs to root: use sudo" : "");
  }
  // Again by chmod, since the umask must not apply.
  if (chmod(path.c_str(), permissions) != 0) {
    const int error = errno;
    rmdir(path.c_str());
    return ErrnoError(error, absl::StrCat("make ", path));
  }
  return absl::OkStatus();
}

absl::Status MakeLink(const std::string& target, const std::string& path) {
  if (symlink(target.c_str(), path.c_str()) != 0) {
    return ErrnoError(errno, absl::StrCat("make the link ", path));
  }
  return absl::OkStatus();
}

std::string RemoveSlashes(const std::string& path) {
  return path.substr(0, path.find_last_not_of('/') + 1);
}

// Whether one path lies in the other, or equals it. Both are canonical.
bool Overlap(const std::string& one, const std::string& other) {
  return absl::StartsWith(one + "/", other + "/") ||
         absl::StartsWith(other + "/", one + "/");
}

// Refuses the canonical `path` if it is in the directory that is removed with
// containers. `doing` is what it is for.
absl::Status CheckIsElsewhere(const std::string& path,
                              const std::string& doing) {
  std::error_code error;
  const fs::path directory = fs::weakly_canonical(kFilesDirectory, error);
  if (error) {
    return ErrnoError(error.value(), doing);
  }
  if (absl::StartsWith(path + "/", directory.string() + "/")) {
    return absl::InvalidArgumentError(absl::StrCat(
        doing, ": ", kFilesDirectory, " is for what goes with a container"));
  }
  return absl::OkStatus();
}

// Returns the layers as paths without links, if they are fit to be layers.
absl::StatusOr<std::vector<std::string>> CheckLayers(
    const std::vector<std::string>& layers) {
  if (layers.size() > kMostLayers) {
    return absl::InvalidArgumentError(absl::StrCat("use ", layers.size(),
                                                   " layers: overlayfs takes ",
                                                   kMostLayers, " at most"));
  }
  std::vector<std::string> paths;
  for (const std::string& layer : layers) {
    std::error_code error;
    const std::string path = fs::canonical(layer, error);
    if (error) {
      return ErrnoError(error.value(), absl::StrCat("use layer ", layer));
    }
    const fs::file_type type = fs::status(path, error).type();
    if (error) {
      return ErrnoError(error.value(), absl::StrCat("use layer ", layer));
    }
    if (type != fs::file_type::directory && type != fs::file_type::regular) {
      return absl::InvalidArgumentError(
          absl::StrCat("use layer ", layer,
                       ": it is neither a directory nor a tar archive"));
    }
    RETURN_IF_ERROR(CheckIsElsewhere(path, absl::StrCat("use layer ", layer)));
    for (const std::string& other : paths) {
      if (path == other) {
        return absl::InvalidArgumentError(
            absl::StrCat("use layer ", layer, ": it is given twice"));
      }
    }
    paths.push_back(path);
  }
  return paths;
}

// Returns the number of the mount that a path lies in; 0 if the kernel does not
// report it (before Linux 5.8).
absl::StatusOr<uint64_t> MountOf(const std::string& path) {
  struct statx attributes = {};
  if (statx(AT_FDCWD, path.c_str(), 0, STATX_MNT_ID, &attributes) != 0) {
    return ErrnoError(errno, absl::StrCat("find the mount of ", path));
  }
  return attributes.stx_mnt_id;
}

}  // namespace

// #region create
absl::StatusOr<LayeredFiles> LayeredFiles::Create(
    absl::string_view id, const std::vector<std::string>& layers,
    const std::string& keep_upper) {
  LayeredFiles files;
  if (layers.empty()) {
    return files;
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> paths, CheckLayers(layers));
  const std::string path = FilesOf(id);
  const absl::Status made =
      MakeInSharedDirectory(kFilesDirectory, 0755, path, 0700);
  if (!made.ok()) {
    return ErrnoOf(made) == ENOENT
               ? WithHint(made, "there is no /var/lib; make it")
               : made;
  }
  files.path_ = path;
  files.lock_ = OpenDirectory(path);
  if (!files.lock_.valid() || flock(files.lock_.get(), LOCK_EX) != 0) {
    return ErrnoError(errno, absl::StrCat("lock ", path));
  }
  RETURN_IF_ERROR(MakeDirectory(path + "/merged", 0755));
  RETURN_IF_ERROR(files.AddLayers(paths));
  RETURN_IF_ERROR(files.AddUpper(paths, keep_upper));
  return files;
}
// #endregion create

LayeredFiles::LayeredFiles(LayeredFiles&& other) noexcept
    : path_(std::exchange(other.path_, "")),
      lock_(std::move(other.lock_)),
      layer_paths_(std::move(other.layer_paths_)),
      use_(std::move(other.use_)) {}

LayeredFiles::~LayeredFiles() {
  [[maybe_unused]] const absl::Status status = Remove();
}

absl::Status LayeredFiles::AddLayers(const std::vector<std::string>& layers) {
  RETURN_IF_ERROR(MakeDirectory(path_ + "/l", 0755));
  for (const std::string& layer : layers) {
    const std::string path = absl::StrCat(path_, "/l/", layer_paths_.size());
    const std::string doing = absl::StrCat("use layer ", layer);
    // If it is no longer a directory, unpack it: that reports what it is.
    const UniqueFd directory = OpenDirectory(layer);
    if (directory.valid()) {
      RETURN_IF_ERROR(use_.Read(directory, doing));
      RETURN_IF_ERROR(MakeLink(layer, path));
      LogStep(absl::StrCat("layer ", layer_paths_.size(), " is ", layer));
    } else if (errno == ENOTDIR) {
      RETURN_IF_ERROR(MakeDirectory(path, 0755));
      RETURN_IF_ERROR(UnpackLayer(layer, path, layer_paths_));
      LogStep(absl::StrCat("layer ", layer_paths_.size(), " is ", layer,
                           ", unpacked in ", path));
    } else {
      return ErrnoError(errno, doing);
    }
    layer_paths_.push_back(path);
  }
  return absl::OkStatus();
}

absl::Status LayeredFiles::AddUpper(const std::vector<std::string>& layers,
                                    const std::string& keep_upper) {
  if (keep_upper.empty()) {
    const std::string upper = path_ + "/upper";
    RETURN_IF_ERROR(MakeDirectory(upper, 0755));
    const UniqueFd opened = OpenDirectory(upper);
    if (!opened.valid()) {
      return ErrnoError(errno, absl::StrCat("open ", upper));
    }
    RETURN_IF_ERROR(InheritRoot(opened, upper));
    return MakeDirectory(path_ + "/work", 0700);
  }
  const std::string doing = absl::StrCat("keep the changes in ", keep_upper);
  std::error_code error;
  const std::string upper = RemoveSlashes(
      fs::weakly_canonical(fs::absolute(keep_upper, error), error));
  if (error) {
    return ErrnoError(error.value(), doing);
  }
  RETURN_IF_ERROR(CheckIsElsewhere(upper, doing));
  for (const std::string& layer : layers) {
    if (Overlap(upper, layer)) {
      return absl::InvalidArgumentError(
          absl::StrCat(doing,
                       ": it must lie neither in a layer nor around "
                       "one, and ",
                       layer, " is a layer"));
    }
  }
  if (mkdir(upper.c_str(), 0755) != 0 && errno != EEXIST) {
    return ErrnoError(errno, doing);
  }
  const UniqueFd kept = OpenDirectory(upper);
  if (!kept.valid()) {
    return ErrnoError(errno, doing);
  }
  RETURN_IF_ERROR(use_.Change(kept, doing));
  // Changes already kept there are continued as they are.
  if (fs::is_empty(PathOfOpen(kept), error)) {
    RETURN_IF_ERROR(InheritRoot(kept, upper));
  }
  // In the same file system, since overlayfs moves files from one to the other.
  const std::string work =
      absl::StrCat(upper, ".work-", fs::path(path_).filename().string());
  RETURN_IF_ERROR(MakeLink(work, path_ + "/work"));
  RETURN_IF_ERROR(MakeDirectory(work, 0700));
  ASSIGN_OR_RETURN(const uint64_t mount_of_upper, MountOf(upper));
  ASSIGN_OR_RETURN(const uint64_t mount_of_work, MountOf(work));
  if (mount_of_upper != mount_of_work) {
    return absl::InvalidArgumentError(
        absl::StrCat(doing,
                     ": something is mounted on it, and overlayfs needs "
                     "a second folder beside it in the same mount; take a "
                     "folder in it"));
  }
  return MakeLink(upper, path_ + "/upper");
}

absl::Status LayeredFiles::InheritRoot(const UniqueFd& upper,
                                       const std::string& path) {
  return WithContext(absl::StrCat("make ", path, " like the layers below"),
                     Inherit(layer_paths_, "", upper));
}

absl::Status LayeredFiles::Remove() {
  if (path_.empty()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(RemoveFiles(path_));
  lock_.Close();
  // Not before: the destructor retries what has failed up to here.
  path_.clear();
  return absl::OkStatus();
}

}  // namespace mydocker
