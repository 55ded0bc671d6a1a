// A file whose name is taken away, by unlink(2), rmdir(2) or rename(2), while
// others may have it open.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_TAKING_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_TAKING_H_

#include <string>

#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/union.h"

namespace mydocker {

// While this lives, the kernel's forgetting does not take the node.
class Taking {
 public:
  // What `parent`, whose entries the caller has alone, has under that name.
  Taking(Union& all, Node& parent, const std::string& name);
  Taking(const Taking&) = delete;
  Taking& operator=(const Taking&) = delete;
  ~Taking();

  // Why there is none: an errno, ENOENT if nothing has that name.
  int error() const { return error_; }
  // Not to be called if there is none.
  Node& node() const { return *node_; }
  bool IsDirectory() const {
    return node_ != nullptr && node_->directory != nullptr;
  }

  // ENOTEMPTY if it is a directory that shows something; else 0, or an errno.
  int CheckEmpty() const;

  // The rest is for who has the node's place alone.

  // Its name is about to go: who still has the file goes on by a descriptor.
  // Returns an errno.
  int Detach();
  // After all, it stays.
  void Reattach();
  // It has gone,
  void RemoveName();
  // or become another one.
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
