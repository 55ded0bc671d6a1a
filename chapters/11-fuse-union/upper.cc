#include "chapters/11-fuse-union/upper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace mydocker {
namespace {

constexpr int kDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr char kDefaultAcl[] = "system.posix_acl_default";

int ErrnoUnless(bool done) { return done ? 0 : errno; }

// Whether `parent` has a whiteout of that name.
bool HasWhiteout(int parent, const std::string& name) {
  struct stat attributes = {};
  return fstatat(parent, name.c_str(), &attributes, AT_SYMLINK_NOFOLLOW) == 0 &&
         IsWhiteout(attributes);
}

}  // namespace

std::string Upper::NewName() { return absl::StrCat("#", absl::Hex(++next_)); }

// #region make
int Upper::Make(int parent, const std::string& name, const Maker& maker) {
  // A whiteout file lies beside the name, a whiteout device in its place.
  const bool marked = !MarksWithDevices() && HasWhiteoutFile(parent, name);
  const int error = marked ? EEXIST : maker(parent, name.c_str());
  if (error != EEXIST || (!marked && !HasWhiteout(parent, name))) {
    return error;
  }
  const std::string nest = NewName();
  int made = MakeNest(parent, nest);
  if (made == 0) {
    const UniqueFd inside(openat(work(), nest.c_str(), kDirectory));
    made = maker(inside.get(), name.c_str());
    struct stat attributes = {};
    if (made == 0 &&
        fstatat(inside.get(), name.c_str(), &attributes, AT_SYMLINK_NOFOLLOW) ==
            0 &&
        S_ISDIR(attributes.st_mode)) {
      made = HideBelow(inside.get(), name);
    }
    if (made == 0) {
      made = ShowThrough(inside.get(), name, parent, name);
    }
  }
  RemoveTree(work(), nest);
  return made;
}
// #endregion make

// Makes a directory in the work directory whose new files inherit what they
// would inherit from `parent`.
int Upper::MakeNest(int parent, const std::string& nest) {
  struct stat attributes = {};
  if (fstat(parent, &attributes) != 0 ||
      mkdirat(work(), nest.c_str(), 0700) != 0) {
    return errno;
  }
  const UniqueFd made(openat(work(), nest.c_str(), kDirectory));
  std::string acl(4096, '\0');
  const ssize_t size = fgetxattr(parent, kDefaultAcl, acl.data(), acl.size());
  if (size > 0 &&
      fsetxattr(made.get(), kDefaultAcl, acl.data(), size, 0) != 0) {
    return errno;
  }
  return ErrnoUnless((attributes.st_mode & S_ISGID) == 0 ||
                     (fchown(made.get(), -1, attributes.st_gid) == 0 &&
                      fchmod(made.get(), S_ISGID | 0700) == 0));
}

int Upper::MoveIn(const std::string& temporary, int parent,
                  const std::string& name) {
  return ShowThrough(work(), temporary, parent, name);
}

// #region show-through
// Makes the file visible, in one step.
int Upper::ShowThrough(int from, const std::string& temporary, int parent,
                       const std::string& name) {
  if (renameat(from, temporary.c_str(), parent, name.c_str()) != 0) {
    // A directory cannot replace a whiteout, but can change places with it.
    if (errno != ENOTDIR || renameat2(from, temporary.c_str(), parent,
                                      name.c_str(), RENAME_EXCHANGE) != 0) {
      return errno;
    }
    unlinkat(from, temporary.c_str(), 0);
  }
  RemoveMark(parent, name);
  return 0;
}
// #endregion show-through

void Upper::RemoveMark(int parent, const std::string& name) {
  if (!MarksWithDevices()) {
    unlinkat(parent, WhiteoutName(name).c_str(), 0);
  }
}

// #region remove
int Upper::Remove(int parent, const std::string& name, bool below) {
  if (!below && (unlinkat(parent, name.c_str(), 0) == 0 ||
                 (errno == EISDIR &&
                  unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0))) {
    return 0;
  }
  if (!below && errno != ENOTEMPTY) {
    return errno;
  }
  // Hide it at once, then remove its content.
  const std::string temporary = NewName();
  const int error = Rename(parent, name, work(), temporary, 0, below);
  return error != 0 ? error : RemoveTree(work(), temporary);
}
// #endregion remove

// #region whiteout
int Upper::AddWhiteout(int parent, const std::string& name) {
  if (MarksWithDevices()) {
    return ErrnoUnless(mknodat(parent, name.c_str(), S_IFCHR, makedev(0, 0)) ==
                       0);
  }
  const UniqueFd mark(openat(parent, WhiteoutName(name).c_str(),
                             O_CREAT | O_WRONLY | O_CLOEXEC, 0444));
  return ErrnoUnless(mark.valid());
}

int Upper::Rename(int parent, const std::string& name, int new_parent,
                  const std::string& new_name, unsigned flags, bool below) {
  if (below && MarksWithDevices()) {
    flags |= RENAME_WHITEOUT;
  } else if (below) {
    // The mark has no effect as long as the file is beside it.
    if (const int error = AddWhiteout(parent, name); error != 0) {
      return error;
    }
  }
  return ErrnoUnless(renameat2(parent, name.c_str(), new_parent,
                               new_name.c_str(), flags) == 0);
}
// #endregion whiteout

}  // namespace mydocker
