// Changes of a directory: mkdir, mknod, symlink, link, unlink, rmdir.

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <mutex>
#include <vector>

#include "chapters/11-fuse-union/copy_up.h"
#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/taking.h"

namespace mydocker {
namespace {

int ErrnoUnless(bool done) { return done ? 0 : errno; }

// #region make-entry
// Makes a new file of any type in the upper directory as the caller's user, and
// answers with it.
void MakeEntry(fuse_req_t request, fuse_ino_t id, const char* name,
               const Maker& maker) {
  Union& all = UnionOf(request);
  Node& parent = NodeOf(request, id);
  fuse_entry_param entry = {};
  int error = IsMarkName(name) ? EPERM : CopyUp(all, parent);
  if (error == 0) {
    const std::unique_lock entries(parent.entries);
    const ActingAs caller = CallerOf(request);
    error = all.upper.Make(parent.directory->upper(), name, maker);
    if (error == 0) {
      error = LookUp(all, parent, name, entry);
    }
  }
  if (error != 0) {
    fuse_reply_err(request, error);
  } else if (fuse_reply_entry(request, &entry) != 0) {
    all.nodes.Forget(NodeOf(request, entry.ino), 1);
  }
}
// #endregion make-entry

void MkDir(fuse_req_t request, fuse_ino_t id, const char* name, mode_t mode) {
  MakeEntry(request, id, name, [mode](int directory, const char* new_name) {
    return ErrnoUnless(mkdirat(directory, new_name, mode) == 0);
  });
}

void MkNod(fuse_req_t request, fuse_ino_t id, const char* name, mode_t mode,
           dev_t device) {
  struct stat made = {};
  made.st_mode = mode;
  made.st_rdev = device;
  if (IsWhiteout(made)) {
    fuse_reply_err(request, EPERM);
    return;
  }
  MakeEntry(request, id, name, [=](int directory, const char* new_name) {
    return ErrnoUnless(mknodat(directory, new_name, mode, device) == 0);
  });
}

void SymLink(fuse_req_t request, const char* target, fuse_ino_t id,
             const char* name) {
  MakeEntry(request, id, name, [target](int directory, const char* new_name) {
    return ErrnoUnless(symlinkat(target, directory, new_name) == 0);
  });
}

// #region link
// Another name for the same file. Its other names in a lower layer are left
// behind: they keep the lower file.
void Link(fuse_req_t request, fuse_ino_t id, fuse_ino_t parent_id,
          const char* name) {
  Union& all = UnionOf(request);
  Node& node = NodeOf(request, id);
  Node& parent = NodeOf(request, parent_id);
  int error = IsMarkName(name) ? EPERM : CopyUp(all, node);
  if (error == 0) {
    error = CopyUp(all, parent);
  }
  fuse_entry_param entry = {};
  if (error == 0) {
    const std::unique_lock entries(parent.entries);
    const std::unique_lock place(node.place);
    const Spot spot = SpotOf(node);
    if (all.nodes.HasOrigin(node)) {
      MarkImpure(all, parent);
    }
    error = all.upper.Make(
        parent.directory->upper(), name,
        [&spot](int directory, const char* new_name) {
          return ErrnoUnless(
              linkat(spot.directory, spot.name.c_str(), directory, new_name,
                     spot.flags == 0 ? AT_SYMLINK_FOLLOW : 0) == 0);
        });
    if (error == 0) {
      all.nodes.AddName(node, {&parent, name});
    }
  }
  if (error == 0) {
    const std::shared_lock entries(parent.entries);
    error = LookUp(all, parent, name, entry);
  }
  if (error != 0) {
    fuse_reply_err(request, error);
  } else if (fuse_reply_entry(request, &entry) != 0) {
    all.nodes.Forget(node, 1);
  }
}
// #endregion link

// #region remove-entry
// Removes what is in the upper directory; puts a whiteout over what a layer
// below has.
int RemoveEntry(Union& all, Node& parent, const std::string& name) {
  Taking taking(all, parent, name);
  if (taking.error() != 0) {
    return taking.error();
  }
  if (const int error = taking.CheckEmpty(); error != 0) {
    return error;
  }
  if (const int error = CopyUp(all, parent); error != 0) {
    return error;
  }
  Node& node = taking.node();
  const std::unique_lock place(node.place);
  if (const int error = taking.Detach(); error != 0) {
    return error;
  }
  const int upper = parent.directory->upper();
  const int error =
      node.IsUpper()
          ? all.upper.Remove(upper, name, IsBelow(*parent.directory, name))
          : all.upper.AddWhiteout(upper, name);
  if (error != 0) {
    taking.Reattach();
    return error;
  }
  taking.RemoveName();
  return 0;
}
// #endregion remove-entry

void Remove(fuse_req_t request, fuse_ino_t id, const char* name) {
  Union& all = UnionOf(request);
  Node& parent = NodeOf(request, id);
  int error = 0;
  {
    const std::unique_lock entries(parent.entries);
    error = all.IsReadOnly() ? EROFS : RemoveEntry(all, parent, name);
  }
  fuse_reply_err(request, error);
}

}  // namespace

void AddNames(fuse_lowlevel_ops& operations) {
  operations.mkdir = MkDir;
  operations.mknod = MkNod;
  operations.symlink = SymLink;
  operations.link = Link;
  operations.unlink = Remove;
  operations.rmdir = Remove;
}

}  // namespace mydocker
