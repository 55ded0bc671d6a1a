// The state that all operations share.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_UNION_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_UNION_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "chapters/11-fuse-union/caching.h"
#include "chapters/11-fuse-union/layers.h"
#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/upper.h"

struct fuse_session;

namespace mydocker {

// What the kernel has open, by the number (fuse_file_info's fh) that it sends
// along with each question. It may never release the rest of them: a union can
// be told to end before. Safe to use from several threads at once.
class Handles {
 public:
  // Keeps the object, and returns its number: its address.
  uint64_t Add(std::shared_ptr<void> object);
  void Remove(uint64_t handle);

 private:
  std::mutex mutex_;
  std::unordered_map<uint64_t, std::shared_ptr<void>> objects_;
};

struct Union {
  Layers layers;
  Caching caching;
  Nodes nodes;
  Upper upper;
  Handles handles;
  fuse_session* session = nullptr;  // For notifying the kernel.

  Union(Layers opened, Caching wanted);
  bool IsReadOnly() const { return !layers.upper.valid(); }
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_UNION_H_
