// setattr: chmod, chown, truncate, utimensat.

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <shared_mutex>

#include "chapters/11-fuse-union/copy_up.h"
#include "chapters/11-fuse-union/open_file.h"
#include "chapters/11-fuse-union/operations.h"

namespace mydocker {
namespace {

int Truncate(const Spot& spot, off_t size) {
  const UniqueFd file = OpenAt(spot, O_WRONLY);
  return file.valid() && ftruncate(file.get(), size) == 0 ? 0 : errno;
}

// The time in utimensat(2)'s form: the one given, now, or unchanged.
timespec TimeFor(int changes, int set, int now, const timespec& given) {
  if ((changes & now) != 0) {
    return {0, UTIME_NOW};
  }
  return (changes & set) != 0 ? given : timespec{0, UTIME_OMIT};
}

// #region change
// The order matters: a new owner clears the set-user-ID bit, and truncating
// sets the time.
int Change(const Spot& spot, const struct stat& to, int changes) {
  int error = 0;
  if ((changes & (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) != 0) {
    error = SetOwner(spot, (changes & FUSE_SET_ATTR_UID) != 0 ? to.st_uid : -1,
                     (changes & FUSE_SET_ATTR_GID) != 0 ? to.st_gid : -1);
  }
  if (error == 0 && (changes & FUSE_SET_ATTR_SIZE) != 0) {
    error = Truncate(spot, to.st_size);
  }
  if (error == 0 && (changes & FUSE_SET_ATTR_MODE) != 0) {
    error = SetMode(spot, to.st_mode & 07777);
  }
  constexpr int kTimes = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW |
                         FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW;
  if (error == 0 && (changes & kTimes) != 0) {
    error = SetTimes(spot, {TimeFor(changes, FUSE_SET_ATTR_ATIME,
                                    FUSE_SET_ATTR_ATIME_NOW, to.st_atim),
                            TimeFor(changes, FUSE_SET_ATTR_MTIME,
                                    FUSE_SET_ATTR_MTIME_NOW, to.st_mtim)});
  }
  return error;
}
// #endregion change

// Adds to `changes` that the set-user-ID bits go: truncating a file clears
// them, except for root.
int AddPrivilegeClearing(const Spot& spot, struct stat& to, int changes) {
  struct stat now = {};
  if (Stat(spot, now) != 0 || (changes & FUSE_SET_ATTR_MODE) != 0 ||
      ModeAfterWrite(now.st_mode) == (now.st_mode & 07777)) {
    return changes;
  }
  to.st_mode = ModeAfterWrite(now.st_mode);
  return changes | FUSE_SET_ATTR_MODE;
}

void SetAttr(fuse_req_t request, fuse_ino_t id, struct stat* to, int changes,
             fuse_file_info*) {
  Union& all = UnionOf(request);
  Node& node = NodeOf(request, id);
  int error =
      CopyUp(all, node,
             (changes & FUSE_SET_ATTR_SIZE) != 0 ? to->st_size : kWholeFile);
  if (error == 0) {
    const std::shared_lock place(node.place);
    if ((changes & FUSE_SET_ATTR_SIZE) != 0 &&
        fuse_req_ctx(request)->uid != 0) {
      changes = AddPrivilegeClearing(SpotOf(node), *to, changes);
    }
    error = Change(SpotOf(node), *to, changes);
  }
  struct stat attributes = {};
  if (error == 0) {
    error = StatNode(node, attributes);
  }
  if (error != 0) {
    fuse_reply_err(request, error);
  } else {
    fuse_reply_attr(request, &attributes, all.caching.Timeout());
  }
}

}  // namespace

void AddChanges(fuse_lowlevel_ops& operations) { operations.setattr = SetAttr; }

}  // namespace mydocker
