#include "chapters/11-fuse-union/nodes.h"

#include <fcntl.h>

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mydocker {
namespace {

// Inode numbers of common file systems are far below, so the bits above are
// free to tell file systems apart.
constexpr int kBitsOfNumber = 56;

}  // namespace

// #region spot
Spot SpotOf(const Node& node) {
  if (node.nameless.valid()) {
    return {AT_FDCWD, absl::StrCat("/proc/self/fd/", node.nameless.get()), 0};
  }
  if (node.names.empty()) {
    return {node.directory->top(), ".", AT_SYMLINK_NOFOLLOW};
  }
  const Name& name = node.names.front();
  return {node.IsUpper() ? name.parent->directory->upper() : node.lower_parent,
          name.name, AT_SYMLINK_NOFOLLOW};
}
// #endregion spot

Nodes::Nodes(std::unique_ptr<Directory> root) {
  struct stat attributes = {};
  fstat(root->lower().back().get(), &attributes);
  root_.type = S_IFDIR;
  root_.inode = NumberOf(attributes.st_dev, attributes.st_ino);
  root_.lookups = 1;
  root_.directory = std::move(root);
}

Nodes::~Nodes() {
  // When the mount ends, the kernel does not forget the remaining nodes one by
  // one.
  for (const Node* node : all_) {
    delete node;
  }
}

Node* Nodes::FindKnown(Node& parent, const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto child = parent.children.find(name);
  if (child == parent.children.end()) {
    return nullptr;
  }
  ++child->second->lookups;
  return child->second;
}

Node* Nodes::Add(Node& parent, const std::string& name, const Found& found,
                 const struct stat& original,
                 std::unique_ptr<Directory> directory) {
  const std::lock_guard lock(mutex_);
  // Another thread may have been faster.
  if (const auto child = parent.children.find(name);
      child != parent.children.end()) {
    ++child->second->lookups;
    return child->second;
  }
  const struct stat& attributes = found.attributes;
  const bool upper = found.directory == parent.directory->upper();
  if (upper && !S_ISDIR(attributes.st_mode)) {
    const auto same = upper_files_.find({attributes.st_dev, attributes.st_ino});
    if (same != upper_files_.end()) {
      // Changing its names takes exclusive use of its place, which we do not
      // have. Without this name it is still found, by another one.
      ++same->second->lookups;
      return same->second;
    }
  }
  Node* const node = new Node;
  all_.insert(node);
  node->type = attributes.st_mode & S_IFMT;
  node->inode = NumberLocked(original.st_dev, original.st_ino);
  node->directory = std::move(directory);
  node->lower_parent = upper ? -1 : found.directory;
  node->lookups = 1;
  AddNameLocked(*node, {&parent, name});
  if (upper) {
    RememberUpper(*node, attributes);
  }
  return node;
}

void Nodes::Forget(Node& node, uint64_t lookups) {
  const std::lock_guard lock(mutex_);
  node.lookups -= std::min(lookups, node.lookups);
  RemoveUnused(&node);
}

void Nodes::AddName(Node& node, const Name& name) {
  const std::lock_guard lock(mutex_);
  AddNameLocked(node, name);
}

void Nodes::RemoveName(Node& node, const Name& name) {
  const std::lock_guard lock(mutex_);
  RemoveNameLocked(node, name);
}

void Nodes::AddNameLocked(Node& node, const Name& name) {
  node.names.push_back(name);
  name.parent->children[name.name] = &node;
  ++name.parent->users;
}

void Nodes::RemoveNameLocked(Node& node, const Name& name) {
  const auto place = std::find(node.names.begin(), node.names.end(), name);
  if (place == node.names.end()) {
    return;
  }
  const Name gone = *place;
  node.names.erase(place);
  const auto child = gone.parent->children.find(gone.name);
  if (child != gone.parent->children.end() && child->second == &node) {
    gone.parent->children.erase(child);
  }
  --gone.parent->users;
  RemoveUnused(gone.parent);
}

void Nodes::MoveToUpper(Node& node, const struct stat& attributes,
                        bool keeps_number) {
  const std::lock_guard lock(mutex_);
  node.lower_parent = -1;
  if (!keeps_number) {
    node.inode = NumberLocked(attributes.st_dev, attributes.st_ino);
  }
  RememberUpper(node, attributes);
}

bool Nodes::HasOrigin(const Node& node) {
  const std::lock_guard lock(mutex_);
  return node.directory == nullptr &&
         node.inode != NumberLocked(node.device, node.key);
}

void Nodes::RememberUpper(Node& node, const struct stat& attributes) {
  if (!S_ISDIR(attributes.st_mode)) {
    node.device = attributes.st_dev;
    node.key = attributes.st_ino;
    upper_files_[{node.device, node.key}] = &node;
  }
}

// A directory stays as long as another node has a name in it.
void Nodes::RemoveUnused(Node* node) {
  if (node == &root_ || node->lookups > 0 || node->users > 0) {
    return;
  }
  if (const auto same = upper_files_.find({node->device, node->key});
      same != upper_files_.end() && same->second == node) {
    upper_files_.erase(same);
  }
  while (!node->names.empty()) {
    RemoveNameLocked(*node, Name(node->names.back()));
  }
  all_.erase(node);
  delete node;
}

ino_t Nodes::NumberOf(dev_t device, ino_t inode) {
  const std::lock_guard lock(mutex_);
  return NumberLocked(device, inode);
}

void Nodes::NumberAll(const Node& parent, std::vector<Entry>& entries) {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries) {
    const auto known = parent.children.find(entry.name);
    entry.inode = known != parent.children.end()
                      ? known->second->inode
                      : NumberLocked(entry.device, entry.inode);
  }
}

ino_t Nodes::NumberLocked(dev_t device, ino_t inode) {
  auto place = std::find(devices_.begin(), devices_.end(), device);
  if (place == devices_.end()) {
    place = devices_.insert(place, device);
  }
  return inode ^ static_cast<ino_t>(place - devices_.begin()) << kBitsOfNumber;
}

}  // namespace mydocker
