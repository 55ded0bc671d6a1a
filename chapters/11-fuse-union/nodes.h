// The files that the kernel knows. In FUSE the kernel asks for a name once
// (lookup) and from then on refers to the file by a number, until it says that
// it has forgotten it. Here that number is the address of a Node.
//
// A node outlives changes of its name and layer. So it does not say what the
// file is, only where it is now: a name in a directory, which is itself a node.
// Nothing is ever found by a path.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_NODES_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_NODES_H_

#include <sys/stat.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "chapters/11-fuse-union/spot.h"
#include "chapters/11-fuse-union/tree.h"
#include "common/base/fd.h"

namespace mydocker {

struct Node;

// A name of a file, and the directory that it is in.
struct Name {
  Node* parent = nullptr;
  std::string name;
  bool operator==(const Name&) const = default;
};

// #region node
struct Node {
  mode_t type = 0;   // S_IFREG, S_IFDIR, …: never changes.
  ino_t inode = 0;   // What stat(2) shows.
  dev_t device = 0;  // With `key`, identifies the upper file, so that
  ino_t key = 0;     // another name of it gets the same node.
  std::unique_ptr<Directory> directory;  // Its parts; nullptr for other files.

  // Held shared to use the file where it is, and exclusively to move it, remove
  // it or copy it up.
  std::shared_mutex place;
  std::vector<Name> names;  // More than one: hard links. The root has none.
  int lower_parent = -1;    // The layer's directory with it; -1: upper.
  UniqueFd nameless;        // Its last name is gone, but it is still in use.
  std::vector<int> lower_files;  // Descriptors of the lower file, while open.

  // The file's state when it was last opened. The kernel's cache of its content
  // is valid unless somebody changes a layer behind its back.
  timespec seen_change = {};
  off_t seen_size = -1;

  // How often it is open with passthrough, and how often through the kernel's
  // cache. Both at once is impossible.
  int32_t backing = 0;
  int passed_through = 0;
  int cached = 0;
  bool bypassed = false;  // The kernel's cache may be stale.

  // Held during a copy-up, which takes long: one at a time.
  std::mutex copying;

  // For a directory: held exclusively to change its names, shared to look one
  // up.
  std::shared_mutex entries;

  // Used by Nodes only.
  uint64_t lookups = 0;  // How many the kernel has not yet forgotten.
  uint64_t users = 0;    // Names of other nodes in it.
  std::unordered_map<std::string, Node*> children;

  bool IsUpper() const { return lower_parent < 0; }
};
// #endregion node

// Returns where the file is. The caller holds `place`.
Spot SpotOf(const Node& node);

// All nodes. Safe to use from several threads at once.
class Nodes {
 public:
  // `root`: the directories that the union is made of.
  explicit Nodes(std::unique_ptr<Directory> root);
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;
  ~Nodes();

  Node& root() { return root_; }

  // Returns the node that `parent` is known to have under that name, and counts
  // one more lookup; nullptr if there is none.
  Node* FindKnown(Node& parent, const std::string& name);

  // Returns the node for what was found there, and counts one more lookup. For
  // another name of a known upper file that is the file's node. `original`
  // holds the inode number to show; `directory` holds the parts of a directory,
  // nullptr for other files.
  Node* Add(Node& parent, const std::string& name, const Found& found,
            const struct stat& original, std::unique_ptr<Directory> directory);

  // Subtracts `lookups` that the kernel has forgotten.
  void Forget(Node& node, uint64_t lookups);

  // Adds a name of the file, or removes one. The caller holds its `place`
  // exclusively.
  void AddName(Node& node, const Name& name);
  void RemoveName(Node& node, const Name& name);

  // Records that the file is now the upper one with these attributes, and
  // whether it keeps its number. The caller holds its `place` exclusively.
  void MoveToUpper(Node& node, const struct stat& attributes,
                   bool keeps_number);

  // Whether an upper file is shown with another inode number than its own.
  bool HasOrigin(const Node& node);

  // Returns the inode number that the union shows for a file of a layer: unique
  // even when layers are in different file systems.
  ino_t NumberOf(dev_t device, ino_t inode);
  // The same for the entries of `parent`; files that are known keep their
  // number.
  void NumberAll(const Node& parent, std::vector<Entry>& entries);

 private:
  void AddNameLocked(Node& node, const Name& name);
  void RemoveNameLocked(Node& node, const Name& name);
  void RememberUpper(Node& node, const struct stat& attributes);
  void RemoveUnused(Node* node);
  ino_t NumberLocked(dev_t device, ino_t inode);

  std::mutex mutex_;
  Node root_;
  std::unordered_set<Node*> all_;  // Except the root.
  std::map<std::pair<dev_t, ino_t>, Node*> upper_files_;
  std::vector<dev_t> devices_;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_NODES_H_
