#include "chapters/11-fuse-union/copy_up.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <mutex>
#include <shared_mutex>

#include "chapters/11-fuse-union/content.h"
#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/server.h"

namespace mydocker {
namespace {

int ErrnoUnless(bool done) { return done ? 0 : errno; }

// #region make-copy
// Copies the file at `from` to `to`, where nothing exists yet.
int MakeCopy(const Spot& from, const struct stat& attributes, const Spot& to,
             off_t length) {
  int error = 0;
  const char* name = to.name.c_str();
  if (S_ISREG(attributes.st_mode)) {
    const UniqueFd source = OpenAt(from, O_RDONLY);
    const UniqueFd target(openat(
        to.directory, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
    if (!source.valid() || !target.valid()) {
      return errno;
    }
    error = CopyContent(source.get(), target.get(), length);
    // Otherwise a power cut may leave the name on the disk without the content.
    if (error == 0 && fsync(target.get()) != 0) {
      error = errno;
    }
  } else if (S_ISDIR(attributes.st_mode)) {
    error = ErrnoUnless(mkdirat(to.directory, name, 0700) == 0);
  } else if (S_ISLNK(attributes.st_mode)) {
    std::string target(PATH_MAX, '\0');
    const ssize_t size = readlinkat(from.directory, from.name.c_str(),
                                    target.data(), target.size() - 1);
    error = ErrnoUnless(size >= 0 && symlinkat(target.substr(0, size).c_str(),
                                               to.directory, name) == 0);
  } else {
    error = ErrnoUnless(mknodat(to.directory, name,
                                (attributes.st_mode & S_IFMT) | 0600,
                                attributes.st_rdev) == 0);
  }
  return error != 0 ? error : CopyAttributes(from, attributes, to);
}
// #endregion make-copy

// Readers of the lower file have descriptors of it. Makes those descriptors of
// the copy.
int RedirectReaders(Node& node, const Spot& copy) {
  if (node.lower_files.empty()) {
    return 0;
  }
  const UniqueFd opened = OpenAt(copy, O_RDONLY);
  if (!opened.valid()) {
    return errno;
  }
  for (const int fd : node.lower_files) {
    if (dup3(opened.get(), fd, O_CLOEXEC) < 0) {
      return errno;
    }
  }
  node.lower_files.clear();
  return 0;
}

// #region show-copy
// Puts the copy in the place of the lower file. If that file was deleted
// meanwhile but is still in use, the copy has no name, either.
int ShowCopy(Union& all, Node& node, const Spot& copy, bool keeps_number) {
  const std::unique_lock place(node.place);
  const bool is_directory = node.directory != nullptr;
  struct stat attributes = {};
  UniqueFd opened = OpenAt(copy, is_directory ? O_RDONLY : O_PATH);
  if (!opened.valid() || fstat(opened.get(), &attributes) != 0) {
    return errno;
  }
  if (const int error = RedirectReaders(node, copy); error != 0) {
    return error;
  }
  if (node.nameless.valid()) {
    unlinkat(copy.directory, copy.name.c_str(),
             is_directory ? AT_REMOVEDIR : 0);
    node.nameless = std::move(opened);
    all.nodes.MoveToUpper(node, attributes, keeps_number);
    return 0;
  }
  const Name& name = node.names.front();
  const Spot parent = {name.parent->directory->upper(), "."};
  struct stat before = {};
  int error = Stat(parent, before);
  if (error == 0) {
    MarkImpure(all, *name.parent);
    error = all.upper.MoveIn(copy.name, parent.directory, name.name);
  }
  if (error != 0) {
    return error;
  }
  // Seen through the union, nothing in the directory has changed.
  SetTimes(parent, {before.st_atim, before.st_mtim});
  if (is_directory) {
    node.directory->SetUpper(std::move(opened));
  }
  all.nodes.MoveToUpper(node, attributes, keeps_number);
  return 0;
}
// #endregion show-copy

// The kernel caches the file's attributes. Some have changed, for one the
// number of links.
void InvalidateAttributes(Union& all, const Node& node) {
  const auto id = &node == &all.nodes.root()
                      ? FUSE_ROOT_ID
                      : reinterpret_cast<fuse_ino_t>(&node);
  fuse_lowlevel_notify_inval_inode(all.session, id, -1, 0);
}

}  // namespace

void MarkImpure(Union& all, const Node& parent) {
  if (!parent.directory->IsImpure()) {
    MakeImpure(all.layers.forms, parent.directory->upper());
    parent.directory->SetImpure();
  }
}

// #region copy-up
int CopyUp(Union& all, Node& node, off_t length) {
  if (all.IsReadOnly()) {
    return EROFS;
  }
  Node* parent = nullptr;
  {
    const std::shared_lock place(node.place);
    if (node.IsUpper()) {
      return 0;
    }
    parent = node.nameless.valid() ? nullptr : node.names.front().parent;
  }
  if (parent != nullptr) {
    if (const int error = CopyUp(all, *parent); error != 0) {
      return error;
    }
  }
  Server::MayTakeLong();
  const std::lock_guard copying(node.copying);
  Spot from;
  struct stat attributes = {};
  {
    const std::shared_lock place(node.place);
    if (node.IsUpper()) {
      return 0;  // Another thread was faster.
    }
    from = SpotOf(node);
    if (const int error = Stat(from, attributes); error != 0) {
      return error;
    }
  }
  const Spot copy = {all.upper.work(), all.upper.NewName()};
  int error = MakeCopy(from, attributes, copy, length);
  if (error == 0) {
    error = SetOrigin(all.layers.forms, copy, attributes);
  }
  if (error == 0) {
    // With hard links, the other names keep the number.
    error = ShowCopy(all, node, copy,
                     S_ISDIR(attributes.st_mode) || attributes.st_nlink == 1);
  }
  if (error != 0) {
    RemoveTree(copy.directory, copy.name);
  } else {
    InvalidateAttributes(all, node);
  }
  return error;
}
// #endregion copy-up

}  // namespace mydocker
