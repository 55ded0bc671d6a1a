// rename: the operation that touches most.

#include <errno.h>
#include <stdio.h>

#include <mutex>

#include "chapters/11-fuse-union/copy_up.h"
#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/taking.h"

namespace mydocker {
namespace {

// One end of a rename: a name, the file that has it, and whether a layer below
// shows something under that name.
struct End {
  End(Union& all, Node& in, const char* called)
      : parent(in), name(called), taking(all, in, called) {}
  Node& parent;
  std::string name;
  Taking taking;
  bool below = false;

  int upper() const { return parent.directory->upper(); }
};

// #region check-rename
// Whether it is a directory with a part in a layer below, which would stay
// where it is. mv(1) knows EXDEV from moves between file systems, and copies.
bool HasLowerPart(const End& end) {
  return end.taking.IsDirectory() &&
         !end.taking.node().directory->lower().empty();
}

int CheckRename(const End& from, const End& to, bool exchange) {
  if (from.taking.error() != 0) {
    return from.taking.error();
  }
  if (to.taking.error() != 0 && (exchange || to.taking.error() != ENOENT)) {
    return to.taking.error();
  }
  if (HasLowerPart(from) || (exchange && HasLowerPart(to))) {
    return EXDEV;
  }
  return exchange ? 0 : to.taking.CheckEmpty();
}
// #endregion check-rename

// A directory that moves to a name that a layer below shows must hide that.
int HideBelow(Union& all, const End& end, const End& new_place) {
  return end.taking.IsDirectory() && new_place.below
             ? all.upper.HideBelow(end.upper(), end.name)
             : 0;
}

int Exchange(Union& all, End& from, End& to) {
  int error = HideBelow(all, to, from);
  if (error == 0) {
    error = all.upper.Rename(from.upper(), from.name, to.upper(), to.name,
                             RENAME_EXCHANGE, false);
  }
  if (error == 0) {
    from.taking.ChangeName(to.parent, to.name);
    to.taking.ChangeName(from.parent, from.name);
  }
  return error;
}

// #region replace
int Replace(Union& all, End& from, End& to) {
  const bool replaces = to.taking.error() == 0;
  int error = replaces ? to.taking.Detach() : 0;
  if (error == 0) {
    error = all.upper.Rename(from.upper(), from.name, to.upper(), to.name, 0,
                             from.below);
    if (error == ENOTDIR || error == ENOTEMPTY || error == EEXIST) {
      // There is a whiteout, or a directory that holds only whiteouts. Neither
      // shows anything, so it may stand at the old name for a moment.
      error = all.upper.Rename(from.upper(), from.name, to.upper(), to.name,
                               RENAME_EXCHANGE, false);
      if (error == 0) {
        error = all.upper.Remove(from.upper(), from.name, from.below);
      }
    }
  }
  if (error != 0) {
    if (replaces) {
      to.taking.Reattach();
    }
    return error;
  }
  all.upper.RemoveMark(to.upper(), to.name);
  if (replaces) {
    to.taking.RemoveName();
  }
  from.taking.ChangeName(to.parent, to.name);
  return 0;
}
// #endregion replace

// #region rename
int RenameEntry(Union& all, End& from, End& to, bool exchange) {
  int error = CheckRename(from, to, exchange);
  if (error == 0) {
    error = CopyUp(all, from.taking.node());
  }
  if (error == 0) {
    error = exchange ? CopyUp(all, to.taking.node()) : CopyUp(all, to.parent);
  }
  if (error != 0) {
    return error;
  }
  if (all.nodes.HasOrigin(from.taking.node())) {
    MarkImpure(all, to.parent);
  }
  if (exchange && all.nodes.HasOrigin(to.taking.node())) {
    MarkImpure(all, from.parent);
  }
  from.below = IsBelow(*from.parent.directory, from.name);
  to.below = IsBelow(*to.parent.directory, to.name);
  error = HideBelow(all, from, to);
  if (error != 0) {
    return error;
  }
  std::unique_lock from_place(from.taking.node().place, std::defer_lock);
  if (to.taking.error() != 0) {
    from_place.lock();
    return Replace(all, from, to);
  }
  std::unique_lock to_place(to.taking.node().place, std::defer_lock);
  std::lock(from_place, to_place);
  return exchange ? Exchange(all, from, to) : Replace(all, from, to);
}
// #endregion rename

void Rename(fuse_req_t request, fuse_ino_t id, const char* name,
            fuse_ino_t new_id, const char* new_name, unsigned flags) {
  Union& all = UnionOf(request);
  Node& parent = NodeOf(request, id);
  Node& new_parent = NodeOf(request, new_id);
  int error = 0;
  if (all.IsReadOnly()) {
    error = EROFS;
  } else if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0) {
    error = EINVAL;
  } else if (IsMarkName(new_name)) {
    error = EPERM;
  } else {
    std::unique_lock entries(parent.entries, std::defer_lock);
    std::unique_lock new_entries(new_parent.entries, std::defer_lock);
    if (&parent == &new_parent) {
      entries.lock();
    } else {
      std::lock(entries, new_entries);
    }
    End from(all, parent, name);
    End to(all, new_parent, new_name);
    error = (flags & RENAME_NOREPLACE) != 0 && to.taking.error() == 0
                ? EEXIST
                : RenameEntry(all, from, to, (flags & RENAME_EXCHANGE) != 0);
  }
  fuse_reply_err(request, error);
}

}  // namespace

void AddRenames(fuse_lowlevel_ops& operations) { operations.rename = Rename; }

}  // namespace mydocker
