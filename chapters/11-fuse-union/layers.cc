#include "chapters/11-fuse-union/layers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

constexpr char kWorkSuffix[] = ".union-work";
constexpr std::chrono::seconds kEndOfAnother(3);
constexpr useconds_t kPause = 10'000;
constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

// A directory named on the command line: its purpose, and its path without
// symbolic links.
struct Named {
  std::string what;
  std::string path;
};

absl::StatusOr<Named> Resolve(absl::string_view use, const std::string& path) {
  const std::string what = absl::StrCat(use, " ", path);
  std::error_code error;
  const fs::path canonical = fs::canonical(path, error);
  if (!error && !fs::is_directory(canonical, error) && !error) {
    error = std::make_error_code(std::errc::not_a_directory);
  }
  if (error) {
    return ErrnoError(error.value(), absl::StrCat("use ", what),
                      error == std::errc::not_connected
                          ? "the process of the union there has ended: make "
                            "recover"
                          : "");
  }
  return Named{what, canonical};
}

// Whether `path` is `other` or lies in it.
bool LiesIn(const std::string& path, const std::string& other) {
  return absl::StartsWith(path + "/", other == "/" ? other : other + "/");
}

// If one lay in another, changes in the union would change a layer.
absl::Status CheckAreApart(const std::vector<Named>& directories) {
  for (size_t i = 0; i < directories.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const Named& one = directories[i];
      const Named& other = directories[k];
      if (one.path == other.path) {
        return absl::InvalidArgumentError(
            absl::StrCat(one.what, " and ", other.what,
                         " are the same directory; each must be its own"));
      }
      if (LiesIn(one.path, other.path) || LiesIn(other.path, one.path)) {
        const bool swap = LiesIn(other.path, one.path);
        return absl::InvalidArgumentError(
            absl::StrCat((swap ? other : one).what, " lies in ",
                         (swap ? one : other).what, "; they must lie apart"));
      }
    }
  }
  return absl::OkStatus();
}

// Opens a directory through a private mount without the mounts below it. So a
// layer is one file system, and never contains our own mount or the host's
// /proc. Without root it just opens the directory.
absl::StatusOr<UniqueFd> OpenApart(const std::string& path) {
  const UniqueFd tree(
      open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  UniqueFd directory(tree.valid() ? openat(tree.get(), ".", kDirectory)
                                  : open(path.c_str(), kDirectory));
  if (!directory.valid()) {
    return ErrnoError(errno, absl::StrCat("open ", path));
  }
  return directory;
}

bool AreTheSame(int one, const std::string& path) {
  struct stat first = {};
  struct stat second = {};
  return fstat(one, &first) == 0 && stat(path.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

std::vector<std::string> NamesIn(int directory) {
  std::vector<std::string> names;
  const int fd = openat(directory, ".", kDirectory);
  DIR* const stream = fd < 0 ? nullptr : fdopendir(fd);
  if (stream != nullptr) {
    while (const dirent* entry = readdir(stream)) {
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
        names.emplace_back(entry->d_name);
      }
    }
    closedir(stream);
  }
  return names;
}

// Makes the work directory, or takes over one that was left. Whoever holds its
// lock works in it. Its mode of 0700 keeps others from locking it.
absl::Status TakeWork(const std::string& name, const std::string& use,
                      Layers& layers) {
  const std::string doing = absl::StrCat("make ", layers.work_path);
  if (mkdirat(layers.beside.get(), name.c_str(), 0700) != 0 &&
      errno != EEXIST) {
    return ErrnoError(errno, doing);
  }
  layers.work = UniqueFd(
      openat(layers.beside.get(), name.c_str(), kDirectory | O_NOFOLLOW));
  if (!layers.work.valid()) {
    return ErrnoError(errno, doing);
  }
  struct stat now = {};
  if (flock(layers.work.get(), LOCK_EX | LOCK_NB) != 0 ||
      fstat(layers.work.get(), &now) != 0) {
    return ErrnoError(errno, use, "another union uses it");
  }
  return now.st_nlink > 0 ? absl::OkStatus() : ErrnoError(EWOULDBLOCK, use);
}

// Files in it were never visible in the union; but a directory that only
// happens to have our name is not ours to empty.
absl::Status EmptyWork(const Layers& layers) {
  for (const std::string& left : NamesIn(layers.work.get())) {
    if (!absl::StartsWith(left, "#")) {
      return absl::FailedPreconditionError(
          absl::StrCat(layers.work_path, " has a file ", left,
                       " that no union has made; move it elsewhere"));
    }
    if (const int error = RemoveTree(layers.work.get(), left); error != 0) {
      return ErrnoError(error,
                        absl::StrCat("remove ", layers.work_path, "/", left));
    }
  }
  return absl::OkStatus();
}

// Takes exclusive use of the upper directory. A union that has just been
// unmounted needs a moment to end.
absl::Status TakeUpper(const std::string& path, Layers& layers) {
  const auto deadline = std::chrono::steady_clock::now() + kEndOfAnother;
  const std::string name = fs::path(path).filename().string() + kWorkSuffix;
  const std::string use = absl::StrCat("use upper directory ", path);
  while (true) {
    absl::Status taken = TakeWork(name, use, layers);
    if (taken.ok() && geteuid() == 0) {
      taken = layers.use.Change(layers.upper, use);
    }
    if (ErrnoOf(taken) != EWOULDBLOCK ||
        std::chrono::steady_clock::now() > deadline) {
      return taken;
    }
    usleep(kPause);
  }
}

absl::Status OpenUpper(const std::string& path, Layers& layers) {
  const std::string name = fs::path(path).filename();
  const std::string doing = absl::StrCat("use upper directory ", path);
  ASSIGN_OR_RETURN(layers.beside, OpenApart(fs::path(path).parent_path()));
  layers.upper = UniqueFd(
      openat(layers.beside.get(), name.c_str(), kDirectory | O_NOFOLLOW));
  if (!layers.upper.valid()) {
    return ErrnoError(errno, doing);
  }
  struct stat above = {};
  struct stat upper = {};
  fstat(layers.beside.get(), &above);
  fstat(layers.upper.get(), &upper);
  if (!AreTheSame(layers.upper.get(), path) || above.st_dev != upper.st_dev) {
    return absl::InvalidArgumentError(
        absl::StrCat(doing,
                     ": a file system is mounted there, and the work "
                     "directory must be in it too; use a folder in it"));
  }
  layers.work_path = path + kWorkSuffix;
  RETURN_IF_ERROR(TakeUpper(path, layers));
  RETURN_IF_ERROR(EmptyWork(layers));
  const absl::StatusOr<MarkForms> forms = FindForms(layers.work.get());
  if (!forms.ok()) {
    [[maybe_unused]] const absl::Status removed = RemoveWork(layers);
    return WithHint(ErrnoError(ErrnoOf(forms.status()), doing),
                    "its file system cannot hold a Unix tree: use ext4, xfs, "
                    "btrfs or tmpfs");
  }
  layers.forms = *forms;
  return absl::OkStatus();
}

}  // namespace

// #region open-layers
absl::StatusOr<Layers> OpenLayers(const std::vector<std::string>& lower,
                                  const std::string& upper,
                                  const std::string& mount_point) {
  if (lower.empty()) {
    return absl::InvalidArgumentError(
        "a union needs a layer: -lower names a directory");
  }
  std::vector<Named> directories;
  for (const std::string& path : lower) {
    ASSIGN_OR_RETURN(directories.emplace_back(), Resolve("layer", path));
  }
  if (!upper.empty()) {
    ASSIGN_OR_RETURN(directories.emplace_back(),
                     Resolve("upper directory", upper));
  }
  ASSIGN_OR_RETURN(directories.emplace_back(),
                   Resolve("mount point", mount_point));
  RETURN_IF_ERROR(CheckAreApart(directories));

  Layers layers;
  for (size_t i = lower.size(); i-- > 0;) {
    ASSIGN_OR_RETURN(layers.lower.emplace_back(),
                     OpenApart(directories[i].path));
    if (geteuid() == 0) {
      RETURN_IF_ERROR(layers.use.Read(
          layers.lower.back(), absl::StrCat("use ", directories[i].what)));
    }
  }
  if (!upper.empty()) {
    RETURN_IF_ERROR(OpenUpper(directories[lower.size()].path, layers));
  }
  return layers;
}
// #endregion open-layers

absl::Status RemoveWork(const Layers& layers) {
  if (!layers.work.valid()) {
    return absl::OkStatus();
  }
  const std::string name = fs::path(layers.work_path).filename();
  if (unlinkat(layers.beside.get(), name.c_str(), AT_REMOVEDIR) != 0) {
    return ErrnoError(errno, absl::StrCat("remove ", layers.work_path));
  }
  return absl::OkStatus();
}

int RemoveTree(int directory, const std::string& name) {
  if (unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) {
    return 0;
  }
  if (errno != EISDIR) {
    return errno;
  }
  {
    const UniqueFd tree(
        openat(directory, name.c_str(), kDirectory | O_NOFOLLOW));
    for (const std::string& below : NamesIn(tree.get())) {
      if (const int error = RemoveTree(tree.get(), below); error != 0) {
        return error;
      }
    }
  }
  return unlinkat(directory, name.c_str(), AT_REMOVEDIR) == 0 ? 0 : errno;
}

}  // namespace mydocker
