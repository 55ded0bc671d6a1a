// What a union shows: the rules that merge several directories into one. No
// FUSE here, and no changes, only reading.
//
//     a name            is that of the highest layer that has it
//     a whiteout        ends the search: what is below was deleted
//     two directories   of one name are merged, unless the higher one is opaque
//                       or something else lies between them

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_TREE_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_TREE_H_

#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "chapters/11-fuse-union/origin.h"
#include "common/base/fd.h"

namespace mydocker {

// A directory of the union: the directories that it is made of. A copy-up may
// add the upper one while others read; the lower ones stay.
class Directory {
 public:
  // `upper` need not be valid; `lower` has the highest first. There must be at
  // least one directory.
  Directory(UniqueFd upper, std::vector<UniqueFd> lower)
      : upper_(std::move(upper)),
        lower_(std::move(lower)),
        upper_fd_(upper_.get()),
        impure_(upper_.valid() && mydocker::IsImpure(upper_.get())) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  // The descriptor of the upper directory, -1 if there is none.
  int upper() const { return upper_fd_; }
  const std::vector<UniqueFd>& lower() const { return lower_; }
  // The part that gives the union's directory its attributes.
  int top() const { return upper() >= 0 ? upper() : lower_.front().get(); }
  // All parts, the highest first.
  std::vector<int> Parts() const;
  bool IsMerged() const { return upper() >= 0 && !lower_.empty(); }

  // Whether files in the upper one may have an origin (origin.h).
  bool IsImpure() const { return impure_; }
  void SetImpure() { impure_ = true; }

  // Adds the upper directory to one that had none.
  void SetUpper(UniqueFd upper);

 private:
  UniqueFd upper_;
  std::vector<UniqueFd> lower_;
  std::atomic<int> upper_fd_ = -1;
  std::atomic<bool> impure_ = false;
};

// Where a name was found: the descriptor of the part, and the file's
// attributes.
struct Found {
  int directory = -1;
  struct stat attributes = {};
};

// Looks `name` up. Returns an errno, ENOENT if the union shows nothing of that
// name; on success 0, and sets `found`.
int Find(const Directory& directory, const std::string& name, Found& found);

// Whether the layers below the upper one show `name`, so that deleting it needs
// a whiteout.
bool IsBelow(const Directory& directory, const std::string& name);

// Opens all parts of the directory that Find has found. Returns an errno.
int OpenMerged(const Directory& parent, const std::string& name,
               const Found& found, std::unique_ptr<Directory>& directory);

// An entry of a listing. `type` is as in readdir(3).
struct Entry {
  std::string name;
  ino_t inode = 0;
  unsigned char type = 0;
  dev_t device = 0;  // The file system of `inode`.
  bool upper = false;
};

// Lists what the directory shows, each name once, without "." and "..".
// Returns an errno.
int List(const Directory& directory, std::vector<Entry>& entries);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_TREE_H_
