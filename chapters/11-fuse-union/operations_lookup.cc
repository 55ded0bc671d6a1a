// lookup, forget, getattr, readlink, statfs.

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include <mutex>
#include <shared_mutex>

#include "chapters/11-fuse-union/operations.h"

namespace mydocker {
namespace {

// Changes attributes on the disk to those that the union shows.
void Translate(const Node& node, struct stat& attributes) {
  attributes.st_ino = node.inode;
  if (node.directory != nullptr && node.directory->IsMerged()) {
    // The number of subdirectories is not known; as in overlayfs, 1 says so.
    attributes.st_nlink = 1;
  }
}

void FillEntry(const Union& all, Node* node, const struct stat& attributes,
               fuse_entry_param& entry) {
  entry = {};
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  entry.ino = reinterpret_cast<fuse_ino_t>(node);
  entry.attr = attributes;
  Translate(*node, entry.attr);
  entry.attr_timeout = all.caching.Timeout();
  entry.entry_timeout = all.caching.Timeout();
}

// #region lookup
void Lookup(fuse_req_t request, fuse_ino_t id, const char* name) {
  Union& all = UnionOf(request);
  Node& parent = NodeOf(request, id);
  fuse_entry_param entry = {};
  int error = 0;
  {
    const std::shared_lock entries(parent.entries);
    error = LookUp(all, parent, name, entry);
  }
  if (error == ENOENT) {
    // "Nothing there" is worth caching, too.
    entry = {};
    entry.entry_timeout = all.caching.Timeout();
    error = 0;
  }
  if (error != 0) {
    fuse_reply_err(request, error);
  } else if (fuse_reply_entry(request, &entry) != 0 && entry.ino != 0) {
    all.nodes.Forget(NodeOf(request, entry.ino), 1);
  }
}
// #endregion lookup

void Forget(fuse_req_t request, fuse_ino_t id, uint64_t lookups) {
  UnionOf(request).nodes.Forget(NodeOf(request, id), lookups);
  fuse_reply_none(request);
}

void ForgetMany(fuse_req_t request, size_t count, fuse_forget_data* forgets) {
  for (size_t i = 0; i < count; ++i) {
    UnionOf(request).nodes.Forget(NodeOf(request, forgets[i].ino),
                                  forgets[i].nlookup);
  }
  fuse_reply_none(request);
}

void GetAttr(fuse_req_t request, fuse_ino_t id, fuse_file_info*) {
  struct stat attributes = {};
  const int error = StatNode(NodeOf(request, id), attributes);
  if (error != 0) {
    fuse_reply_err(request, error);
  } else {
    fuse_reply_attr(request, &attributes, UnionOf(request).caching.Timeout());
  }
}

void ReadLink(fuse_req_t request, fuse_ino_t id) {
  Node& node = NodeOf(request, id);
  std::string target(PATH_MAX, '\0');
  ssize_t size = 0;
  {
    const std::shared_lock place(node.place);
    const Spot spot = SpotOf(node);
    // A link without a name has a descriptor, which readlinkat(2) takes with an
    // empty name.
    size = spot.flags == 0 ? readlinkat(node.nameless.get(), "", target.data(),
                                        PATH_MAX - 1)
                           : readlinkat(spot.directory, spot.name.c_str(),
                                        target.data(), PATH_MAX - 1);
  }
  if (size < 0) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_readlink(request, target.c_str());
  }
}

void StatFs(fuse_req_t request, fuse_ino_t) {
  const Layers& layers = UnionOf(request).layers;
  struct statvfs info = {};
  const int fd =
      layers.upper.valid() ? layers.upper.get() : layers.lower.front().get();
  if (fstatvfs(fd, &info) != 0) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_statfs(request, &info);
  }
}

// Returns the attributes whose inode number is shown: those of the file from
// which this one was copied up.
struct stat OriginalOf(const Union& all, const Node& parent,
                       const std::string& name, const Found& found,
                       const Directory* directory) {
  struct stat original = found.attributes;
  if (directory != nullptr && !directory->lower().empty()) {
    fstat(directory->lower().front().get(), &original);
  } else if (parent.directory->IsImpure() &&
             found.directory == parent.directory->upper()) {
    ReadOrigin(all.layers.forms, {found.directory, name}, original);
  }
  return original;
}

}  // namespace

// #region look-up
int LookUp(Union& all, Node& parent, const std::string& name,
           fuse_entry_param& entry) {
  struct stat attributes = {};
  if (Node* known = all.nodes.FindKnown(parent, name)) {
    if (const int error = StatNode(*known, attributes); error != 0) {
      all.nodes.Forget(*known, 1);
      return error;
    }
    FillEntry(all, known, attributes, entry);
    return 0;
  }
  Found found;
  int error = Find(*parent.directory, name, found);
  std::unique_ptr<Directory> directory;
  if (error == 0 && S_ISDIR(found.attributes.st_mode)) {
    error = OpenMerged(*parent.directory, name, found, directory);
  }
  if (error != 0) {
    return error;
  }
  const struct stat original =
      OriginalOf(all, parent, name, found, directory.get());
  Node* const node =
      all.nodes.Add(parent, name, found, original, std::move(directory));
  FillEntry(all, node, found.attributes, entry);
  return 0;
}
// #endregion look-up

int StatNode(Node& node, struct stat& attributes) {
  const std::shared_lock place(node.place);
  const int error =
      node.directory != nullptr
          ? (fstat(node.directory->top(), &attributes) == 0 ? 0 : errno)
          : Stat(SpotOf(node), attributes);
  Translate(node, attributes);
  return error;
}

void AddLookups(fuse_lowlevel_ops& operations) {
  operations.lookup = Lookup;
  operations.forget = Forget;
  operations.forget_multi = ForgetMany;
  operations.getattr = GetAttr;
  operations.readlink = ReadLink;
  operations.statfs = StatFs;
}

}  // namespace mydocker
