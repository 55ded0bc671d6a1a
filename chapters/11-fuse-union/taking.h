// A file that loses its name, by unlink(2), rmdir(2) or rename(2), while others
// may have it open.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_TAKING_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_TAKING_H_

#include <string>

#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/union.h"

namespace mydocker {

// While this lives, the node stays even if the kernel forgets it.
class Taking {
 public:
  // Takes the file that `parent` has under that name. The caller holds the
  // parent's `entries` exclusively.
  Taking(Union& all, Node& parent, const std::string& name);
  Taking(const Taking&) = delete;
  Taking& operator=(const Taking&) = delete;
  ~Taking();

  // Why there is no file: an errno, ENOENT if nothing has that name.
  int error() const { return error_; }
  // Must not be called if there is none.
  Node& node() const { return *node_; }
  bool IsDirectory() const {
    return node_ != nullptr && node_->directory != nullptr;
  }

  // Returns ENOTEMPTY for a directory that shows something; otherwise 0, or
  // another errno.
  int CheckEmpty() const;

  // For the rest the caller holds the node's place exclusively.

  // To be called before the name goes. If it is the last one, keeps a
  // descriptor for those who still use the file. Returns an errno.
  int Detach();
  // Undoes Detach: the name stays after all.
  void Reattach();
  // Records that the name has gone,
  void RemoveName();
  // or has changed.
  void ChangeName(Node& parent, const std::string& name);

 private:
  Union& all_;
  const Name name_;
  Node* node_ = nullptr;
  int error_ = 0;
  bool detached_ = false;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_TAKING_H_
