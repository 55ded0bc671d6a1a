#include "common/files/in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// While anybody on the machine renames or mounts, the kernel may be unable to
// say where ".." leads, and asks to try again (EAGAIN).
constexpr int kMostAttempts = 10'000;

// How often a name may disappear, or appear, between two looks.
constexpr int kMostChanges = 100;

std::string HintForOpen(int error) {
  switch (error) {
    case ENOSYS:
    case EPERM:
      return "openat2 needs Linux 5.6, and some container runtimes forbid it";
    case ELOOP:
      return "a link in a circle, or one of /proc to an open file: not "
             "followed";
    case EAGAIN:
      return "something on the way is being exchanged all the time";
    default:
      return "";
  }
}

// #region open-in-root
// As OpenInRoot, but returns -1 and sets errno.
UniqueFd Open(const UniqueFd& root, const std::string& path, uint64_t flags,
              uint64_t more) {
  open_how how = {};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | more;
  int64_t opened = -1;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    // glibc has no function for it.
    opened = syscall(SYS_openat2, root.get(), path.c_str(), &how, sizeof(how));
    if (opened >= 0 || errno != EAGAIN) {
      break;
    }
  }
  return UniqueFd(static_cast<int>(opened));
}
// #endregion open-in-root

absl::StatusOr<struct stat> StatOf(const UniqueFd& file) {
  struct stat attributes = {};
  if (fstat(file.get(), &attributes) != 0) {
    return ErrnoError(errno, "look at an open file");
  }
  return attributes;
}

bool AreSame(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

// Gives the new `file` the owner of `parent`. By descriptor, and only if it is
// what we have just made, as far as one can see: a name is anybody's who may
// write in `parent`, and something of root's would be given away.
absl::Status GiveToOwnerOf(const UniqueFd& parent, const UniqueFd& file) {
  ASSIGN_OR_RETURN(const struct stat above, StatOf(parent));
  ASSIGN_OR_RETURN(const struct stat made, StatOf(file));
  const bool is_new =
      made.st_uid == 0 && made.st_gid == 0 &&
      (S_ISDIR(made.st_mode)
           ? made.st_nlink <= 2
           : S_ISREG(made.st_mode) && made.st_size == 0 && made.st_nlink == 1);
  if (!is_new || (above.st_uid == 0 && above.st_gid == 0)) {
    return absl::OkStatus();
  }
  if (fchownat(file.get(), "", above.st_uid, above.st_gid, AT_EMPTY_PATH) !=
      0) {
    return ErrnoError(errno, "give it to the owner of its parent");
  }
  return absl::OkStatus();
}

enum class Owner { kParents, kRoot };

// Makes `name` in `parent`, which it does not follow if it is a link. Returns
// whether it was made by us; it may have been there.
absl::StatusOr<bool> Make(const UniqueFd& parent, const std::string& name,
                          bool is_directory) {
  if (is_directory) {
    if (mkdirat(parent.get(), name.c_str(), 0755) == 0) {
      return true;
    }
  } else {
    const UniqueFd file(openat(parent.get(), name.c_str(),
                               O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644));
    if (file.valid()) {
      return true;
    }
  }
  if (errno != EEXIST) {
    return ErrnoError(errno, name);
  }
  return false;
}

// Opens `path` with O_PATH, whose parent is `parent`, and makes it if it is
// missing.
absl::StatusOr<Target> OpenOrMake(const UniqueFd& root, const UniqueFd& parent,
                                  const std::string& path, bool is_directory,
                                  Owner owner) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (int change = 0; change < kMostChanges; ++change) {
    Target target;
    // From the root each time: links on the way may be absolute.
    target.file = Open(root, path, O_PATH, 0);
    if (target.file.valid()) {
      return target;
    }
    const int error = errno;
    if (error != ENOENT) {
      return ErrnoError(error, absl::StrCat("open ", path), HintForOpen(error));
    }
    const absl::StatusOr<bool> made = Make(parent, name, is_directory);
    RETURN_IF_ERROR(WithContext(absl::StrCat("make ", path), made.status()));
    target.is_new = *made;
    if (!target.is_new) {
      struct stat there = {};
      if (fstatat(parent.get(), name.c_str(), &there, AT_SYMLINK_NOFOLLOW) ==
              0 &&
          S_ISLNK(there.st_mode)) {
        return absl::FailedPreconditionError(absl::StrCat(
            "open ", path, ": it is a symbolic link that leads nowhere"));
      }
      continue;
    }
    target.file = UniqueFd(
        openat(parent.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!target.file.valid()) {
      continue;  // Somebody has removed it already.
    }
    if (owner == Owner::kParents) {
      RETURN_IF_ERROR(WithContext(absl::StrCat("make ", path),
                                  GiveToOwnerOf(parent, target.file)));
    }
    return target;
  }
  return absl::AbortedError(
      absl::StrCat("open ", path, ": it is being exchanged all the time"));
}

// #region open-or-make-all
// Opens `path`, and makes what is missing of it, one part after the other.
absl::StatusOr<Target> OpenOrMakeAll(const UniqueFd& root,
                                     const std::string& path, bool is_directory,
                                     Owner owner) {
  Target whole;
  whole.file = Open(root, path, O_PATH, 0);
  if (whole.file.valid()) {
    return whole;
  }
  Target target;
  ASSIGN_OR_RETURN(target.file, OpenInRoot(root, "/", O_PATH | O_DIRECTORY));
  std::string so_far;
  const std::vector<std::string> parts =
      absl::StrSplit(path, '/', absl::SkipEmpty());
  for (size_t i = 0; i < parts.size(); ++i) {
    absl::StrAppend(&so_far, "/", parts[i]);
    const UniqueFd parent = std::move(target.file);
    ASSIGN_OR_RETURN(target,
                     OpenOrMake(root, parent, so_far,
                                is_directory || i + 1 < parts.size(), owner));
  }
  return target;
}
// #endregion open-or-make-all

}  // namespace

absl::StatusOr<UniqueFd> OpenRoot() {
  UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) {
    return ErrnoError(errno, "open /");
  }
  return root;
}

absl::StatusOr<UniqueFd> OpenInRoot(const UniqueFd& root,
                                    const std::string& path, uint64_t flags,
                                    uint64_t more) {
  UniqueFd file = Open(root, path, flags, more);
  if (!file.valid()) {
    const int error = errno;
    return ErrnoError(error, absl::StrCat("open ", path), HintForOpen(error));
  }
  return file;
}

absl::StatusOr<std::string> ReadInRoot(const UniqueFd& root,
                                       const std::string& path, size_t limit) {
  // Not to wait for the other end of a FIFO, nor to get a terminal.
  const absl::StatusOr<UniqueFd> file =
      OpenInRoot(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (ErrnoOf(file.status()) == ENOENT || ErrnoOf(file.status()) == ENOTDIR) {
    return std::string();
  }
  RETURN_IF_ERROR(file.status());
  ASSIGN_OR_RETURN(const struct stat attributes, StatOf(*file));
  if (!S_ISREG(attributes.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("read ", path, ": it is no ordinary file"));
  }
  // By what comes, not by what stat says: the file may grow meanwhile.
  std::string content;
  std::array<char, 1 << 14> buffer;
  while (content.size() <= limit) {
    const ssize_t count =
        TEMP_FAILURE_RETRY(read(file->get(), buffer.data(), buffer.size()));
    if (count < 0) {
      return ErrnoError(errno, absl::StrCat("read ", path));
    }
    if (count == 0) {
      return content;
    }
    content.append(buffer.data(), count);
  }
  return absl::FailedPreconditionError(
      absl::StrCat("read ", path, ": it has more than ", limit, " bytes"));
}

absl::StatusOr<Target> OpenTarget(const UniqueFd& root, const std::string& path,
                                  bool is_directory) {
  ASSIGN_OR_RETURN(Target target,
                   OpenOrMakeAll(root, path, is_directory, Owner::kParents));
  ASSIGN_OR_RETURN(const struct stat found, StatOf(target.file));
  ASSIGN_OR_RETURN(const struct stat top, StatOf(root));
  if (AreSame(found, top)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " leads to the container's root itself"));
  }
  struct statfs file_system = {};
  if (fstatfs(target.file.get(), &file_system) != 0) {
    return ErrnoError(errno, absl::StrCat("look at ", path));
  }
  if (file_system.f_type == PROC_SUPER_MAGIC) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " leads into the container's /proc, whose files are the kernel's"));
  }
  if (S_ISDIR(found.st_mode) != is_directory) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, S_ISDIR(found.st_mode)
                               ? " is a directory, and what is to be mounted "
                                 "there is none"
                               : " is no directory, and what is to be mounted "
                                 "there is one"));
  }
  return target;
}

absl::Status MakeDirectoryInRoot(const UniqueFd& root,
                                 const std::string& path) {
  ASSIGN_OR_RETURN(const Target made,
                   OpenOrMakeAll(root, path, true, Owner::kRoot));
  ASSIGN_OR_RETURN(const struct stat found, StatOf(made.file));
  return S_ISDIR(found.st_mode)
             ? absl::OkStatus()
             : ErrnoError(ENOTDIR, absl::StrCat("open ", path));
}

}  // namespace mydocker
