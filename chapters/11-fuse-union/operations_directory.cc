// opendir, readdir, readdirplus, releasedir, fsyncdir.

#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include <mutex>
#include <shared_mutex>
#include <vector>

#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/server.h"

namespace mydocker {
namespace {

// An open directory: its entries when it was last read from the beginning. A
// reader that goes on gets the rest of those, whatever changes meanwhile, so
// each name that stays appears once.
struct Listing {
  std::mutex mutex;  // Threads of a process may share the descriptor.
  bool read = false;
  std::vector<Entry> entries;
};

Listing& ListingOf(const fuse_file_info* info) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return *reinterpret_cast<Listing*>(info->fh);
}

void OpenDir(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  Union& all = UnionOf(request);
  const bool keep = all.caching.keep_cache;
  info->fh = all.handles.Add(std::make_shared<Listing>());
  info->cache_readdir = keep;
  info->keep_cache = keep;
  if (fuse_reply_open(request, info) != 0) {
    all.handles.Remove(info->fh);
  }
}

void ReleaseDir(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  UnionOf(request).handles.Remove(info->fh);
  fuse_reply_err(request, 0);
}

// #region read-listing
int ReadListing(Union& all, Node& node, Listing& listing) {
  ino_t parent = node.inode;
  {
    const std::shared_lock place(node.place);
    if (!node.names.empty()) {
      parent = node.names.front().parent->inode;
    }
  }
  if (const int error = List(*node.directory, listing.entries); error != 0) {
    return error;
  }
  // Known files must keep their number.
  all.nodes.NumberAll(node, listing.entries);
  // A copy is shown with the original's number, which takes a lookup.
  for (Entry& entry : listing.entries) {
    fuse_entry_param found = {};
    if (entry.upper && node.directory->IsImpure() &&
        LookUp(all, node, entry.name, found) == 0) {
      entry.inode = found.attr.st_ino;
      all.nodes.Forget(NodeOf(all, found.ino), 1);
    }
  }
  listing.entries.insert(
      listing.entries.begin(),
      {Entry{".", node.inode, DT_DIR}, Entry{"..", parent, DT_DIR}});
  listing.read = true;
  return 0;
}
// #endregion read-listing

// Appends an entry to the answer. Returns its size, which is more than `space`
// if it does not fit.
size_t Append(fuse_req_t request, char* at, size_t space, const Entry& entry,
              off_t next) {
  struct stat attributes = {};
  attributes.st_ino = entry.inode;
  attributes.st_mode = DTTOIF(entry.type);
  return fuse_add_direntry(request, at, space, entry.name.c_str(), &attributes,
                           next);
}

// The same with attributes. This counts as a lookup.
size_t AppendPlus(fuse_req_t request, Node& parent, char* at, size_t space,
                  const Entry& entry, off_t next) {
  Union& all = UnionOf(request);
  fuse_entry_param found = {};
  if (entry.name == "." || entry.name == ".." ||
      fuse_add_direntry_plus(request, nullptr, 0, entry.name.c_str(), nullptr,
                             0) > space ||
      LookUp(all, parent, entry.name, found) != 0) {
    // ".", "..", or deleted since: answer with the name only.
    found = {};
    found.attr.st_ino = entry.inode;
    found.attr.st_mode = DTTOIF(entry.type);
  }
  return fuse_add_direntry_plus(request, at, space, entry.name.c_str(), &found,
                                next);
}

// #region read-dir
// `offset` is the one we gave the kernel with the last entry that it has: here,
// the number of entries before the next.
int ReadEntries(fuse_req_t request, Node& node, Listing& listing, off_t offset,
                bool plus, std::vector<char>& answer) {
  const std::lock_guard lock(listing.mutex);
  const std::shared_lock entries(node.entries);
  if (offset == 0 || !listing.read) {
    const int error = ReadListing(UnionOf(request), node, listing);
    if (error != 0) {
      return error;
    }
  }
  size_t used = 0;
  for (size_t i = offset; i < listing.entries.size(); ++i) {
    const Entry& entry = listing.entries[i];
    char* const at = answer.data() + used;
    const size_t space = answer.size() - used;
    const auto next = static_cast<off_t>(i + 1);
    const size_t added = plus
                             ? AppendPlus(request, node, at, space, entry, next)
                             : Append(request, at, space, entry, next);
    if (added > space) {
      break;
    }
    used += added;
  }
  answer.resize(used);
  return 0;
}
// #endregion read-dir

// Once it has the answer, the kernel may forget the directory, so locks are
// released first.
void Answer(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset,
            fuse_file_info* info, bool plus) {
  std::vector<char> answer(size);
  const int error = ReadEntries(request, NodeOf(request, id), ListingOf(info),
                                offset, plus, answer);
  if (error != 0) {
    fuse_reply_err(request, error);
  } else {
    fuse_reply_buf(request, answer.data(), answer.size());
  }
}

void ReadDir(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset,
             fuse_file_info* info) {
  Answer(request, id, size, offset, info, false);
}

void ReadDirPlus(fuse_req_t request, fuse_ino_t id, size_t size, off_t offset,
                 fuse_file_info* info) {
  Answer(request, id, size, offset, info, true);
}

void FsyncDir(fuse_req_t request, fuse_ino_t id, int data_only,
              fuse_file_info*) {
  Server::MayTakeLong();
  const int upper = NodeOf(request, id).directory->upper();
  const auto sync = data_only != 0 ? fdatasync : fsync;
  fuse_reply_err(request, upper < 0 || sync(upper) == 0 ? 0 : errno);
}

}  // namespace

void AddDirectories(fuse_lowlevel_ops& operations) {
  operations.opendir = OpenDir;
  operations.readdir = ReadDir;
  operations.readdirplus = ReadDirPlus;
  operations.releasedir = ReleaseDir;
  operations.fsyncdir = FsyncDir;
}

}  // namespace mydocker
