// The state that all operations share.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_UNION_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_UNION_H_

#include <memory>
#include <utility>

#include "chapters/11-fuse-union/caching.h"
#include "chapters/11-fuse-union/layers.h"
#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/upper.h"

struct fuse_session;

namespace mydocker {

struct Union {
  Layers layers;
  Caching caching;
  Nodes nodes;
  Upper upper;
  fuse_session* session = nullptr;  // For notifying the kernel.

  Union(Layers opened, Caching wanted);
  bool IsReadOnly() const { return !layers.upper.valid(); }
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_UNION_H_
