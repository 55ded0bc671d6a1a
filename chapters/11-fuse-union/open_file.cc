#include "chapters/11-fuse-union/open_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "chapters/11-fuse-union/passthrough.h"

namespace mydocker {
namespace {

// Whether the lower file has not changed since it was last opened. The kernel
// knows all changes of an upper file.
bool IsUnchanged(Node& node, const struct stat& now) {
  if (node.IsUpper()) {
    return true;
  }
  const bool same = node.seen_size == now.st_size &&
                    node.seen_change.tv_sec == now.st_ctim.tv_sec &&
                    node.seen_change.tv_nsec == now.st_ctim.tv_nsec;
  node.seen_size = now.st_size;
  node.seen_change = now.st_ctim;
  return same;
}

// #region choose-way
// Whether the kernel may use the open file directly. Not a lower file, which
// may be copied up while it is open; and all who have one file open must go the
// same way.
bool MayPassThrough(const Node& node, const struct stat& now) {
  return node.passed_through > 0 ||
         (node.cached == 0 && node.IsUpper() && S_ISREG(now.st_mode) &&
          (now.st_mode & (S_ISUID | S_ISGID)) == 0);
}

// The caller holds the node's place exclusively.
void ChooseWay(Union& all, Node& node, OpenFile& file) {
  struct stat now = {};
  fstat(file.fd.get(), &now);
  if (MayPassThrough(node, now)) {
    if (node.passed_through == 0) {
      node.backing = OpenBacking(*all.session, file.fd.get());
    }
    if (node.backing != 0) {
      ++node.passed_through;
      node.bypassed = true;
      file.backing = node.backing;
      return;
    }
  }
  ++node.cached;
  const bool bypassed = std::exchange(node.bypassed, false);
  file.keeps_cache =
      all.caching.keep_cache && IsUnchanged(node, now) && !bypassed;
}
// #endregion choose-way

}  // namespace

int OwnFlags(const Union& all, int flags) {
  // The kernel has already handled creation and append mode, and needs whole
  // pages.
  flags &= ~(O_CREAT | O_EXCL | O_NOCTTY | O_APPEND | O_DIRECT | O_NOATIME);
  if (all.caching.writeback && (flags & O_ACCMODE) == O_WRONLY) {
    flags =
        (flags & ~O_ACCMODE) | O_RDWR;  // The kernel reads the rest of a page.
  }
  return flags;
}

// #region open-node
int OpenNode(Union& all, Node& node, int flags,
             std::unique_ptr<OpenFile>& opened) {
  const std::unique_lock place(node.place);
  const Spot spot = SpotOf(node);
  const int own = OwnFlags(all, flags);
  UniqueFd file = OpenAt(spot, own | (node.IsUpper() ? 0 : O_NOATIME));
  if (!file.valid() && errno == EPERM) {
    file = OpenAt(spot, own);
  }
  if (!file.valid() && errno == EACCES) {  // Writable, but not readable.
    file = OpenAt(spot, (own & ~O_ACCMODE) | (flags & O_ACCMODE));
  }
  if (!file.valid()) {
    return errno;
  }
  if (!node.IsUpper()) {
    node.lower_files.push_back(file.get());
  }
  opened = std::make_unique<OpenFile>();
  opened->fd = std::move(file);
  ChooseWay(all, node, *opened);
  return 0;
}
// #endregion open-node

std::unique_ptr<OpenFile> OpenCreated(Union& all, Node& node, UniqueFd file) {
  const std::unique_lock place(node.place);
  auto opened = std::make_unique<OpenFile>();
  opened->fd = std::move(file);
  ChooseWay(all, node, *opened);
  return opened;
}

void Close(Union& all, Node& node, const OpenFile& file) {
  const std::unique_lock place(node.place);
  std::erase(node.lower_files, file.fd.get());
  if (file.backing == 0) {
    --node.cached;
  } else if (--node.passed_through == 0) {
    CloseBacking(*all.session, std::exchange(node.backing, 0));
  }
}

mode_t ModeAfterWrite(mode_t mode) {
  const mode_t gone = S_ISUID | ((mode & S_IXGRP) != 0 ? S_ISGID : 0);
  return mode & 07777 & ~gone;
}

}  // namespace mydocker
