// The files that the kernel knows of. In FUSE the kernel asks for a name once
// (lookup) and from then on speaks of the file by a number, until it says that
// it has forgotten it. Here that number is the address of a Node.
//
// A node outlives changes of its name and of its layer. So it does not say what
// the file is, only where it is now: a name in a directory, which is a node in
// its turn. Nothing is ever found by a path.

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

// A name of a file: in which directory, and which.
struct Name {
  Node* parent = nullptr;
  std::string name;
  bool operator==(const Name&) const = default;
};

// #region node
struct Node {
  mode_t type = 0;   // S_IFREG, S_IFDIR, …: never changes.
  ino_t inode = 0;   // What stat(2) shows.
  dev_t device = 0;  // With `key`, the inode of the upper file, by which
  ino_t key = 0;     // another name of it is known to be the same file.
  std::unique_ptr<Directory> directory;  // What it is made of, if it is one.

  // Who wants to use the file where it is has this lock shared; who moves,
  // removes or copies it up, alone.
  std::shared_mutex place;
  std::vector<Name> names;  // More than one: hard links. The root has none.
  int lower_parent = -1;    // In which layer's directory it is; -1: upper.
  UniqueFd nameless;        // Its last name is gone, but it is still in use.
  std::vector<int> lower_files;  // Descriptors of the lower file, while open.

  // What the file was when it was last opened, so that the kernel's cache of
  // its content is good as long as nobody changes a layer behind its back.
  timespec seen_change = {};
  off_t seen_size = -1;

  // How often it is open so that the kernel reads and writes by itself, and how
  // often not. Both at once cannot be.
  int32_t backing = 0;
  int passed_through = 0;
  int cached = 0;
  bool bypassed = false;  // What the kernel has in its cache may be old.

  // Its copy-up, which takes long: one at a time.
  std::mutex copying;

  // For a directory: changes of what it has names for keep out lookups.
  std::shared_mutex entries;

  // These are Nodes' own.
  uint64_t lookups = 0;  // How many the kernel has not yet forgotten.
  uint64_t users = 0;    // Names of other nodes in it.
  std::unordered_map<std::string, Node*> children;

  bool IsUpper() const { return lower_parent < 0; }
};
// #endregion node

// Returns where the file is. The caller has `place`.
Spot SpotOf(const Node& node);

// All nodes. Its functions may be called from several threads at once.
class Nodes {
 public:
  // `root`: the directories that the union is made of.
  explicit Nodes(std::unique_ptr<Directory> root);
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;
  ~Nodes();

  Node& root() { return root_; }

  // Returns the node that `parent` is known to have under that name, with one
  // lookup more; nullptr if there is none.
  Node* Known(Node& parent, const std::string& name);

  // Returns the node for what has been found there, with one lookup more. If it
  // is another name of a known upper file, that file's node. `original` has the
  // number that it goes by, and `directory` is what it is made of, if it is
  // one.
  Node* Add(Node& parent, const std::string& name, const Found& found,
            const struct stat& original, std::unique_ptr<Directory> directory);

  // The kernel has forgotten `lookups` lookups of it.
  void Forget(Node& node, uint64_t lookups);

  // The file has one name more, one less, or another one. The caller has its
  // `place` alone.
  void AddName(Node& node, const Name& name);
  void RemoveName(Node& node, const Name& name);

  // The file is now the upper one with these attributes, whose number it keeps
  // or not. The caller has its `place` alone.
  void MoveToUpper(Node& node, const struct stat& attributes,
                   bool keeps_number);

  // Whether an upper file goes by another number than it has.
  bool HasOrigin(const Node& node);

  // Returns the number that the union shows for a file of a layer: unique,
  // also where layers are in different file systems.
  ino_t NumberOf(dev_t device, ino_t inode);
  // The same for what `parent` lists: what is known there keeps its number.
  void NumberAll(const Node& parent, std::vector<Entry>& entries);

 private:
  void AddNameLocked(Node& node, const Name& name);
  void RemoveNameLocked(Node& node, const Name& name);
  void RememberUpper(Node& node, const struct stat& attributes);
  void RemoveUnused(Node* node);
  ino_t NumberLocked(dev_t device, ino_t inode);

  std::mutex mutex_;
  Node root_;
  std::unordered_set<Node*> all_;  // But the root.
  std::map<std::pair<dev_t, ino_t>, Node*> upper_files_;
  std::vector<dev_t> devices_;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_NODES_H_
