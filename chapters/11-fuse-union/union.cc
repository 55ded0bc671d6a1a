#include "chapters/11-fuse-union/union.h"

#include <fcntl.h>

namespace mydocker {
namespace {

// Duplicates a descriptor; the nodes own the root's.
UniqueFd Duplicate(const UniqueFd& fd) {
  return UniqueFd(fd.valid() ? fcntl(fd.get(), F_DUPFD_CLOEXEC, 0) : -1);
}

std::unique_ptr<Directory> RootOf(const Layers& layers) {
  std::vector<UniqueFd> lower;
  for (const UniqueFd& layer : layers.lower) {
    lower.push_back(Duplicate(layer));
    // This layer itself is marked as hiding those below.
    if (IsOpaque(layer.get())) {
      break;
    }
  }
  return std::make_unique<Directory>(Duplicate(layers.upper), std::move(lower));
}

}  // namespace

uint64_t Handles::Add(std::shared_ptr<void> object) {
  const auto handle = reinterpret_cast<uint64_t>(object.get());
  const std::lock_guard lock(mutex_);
  objects_.emplace(handle, std::move(object));
  return handle;
}

void Handles::Remove(uint64_t handle) {
  std::unique_lock lock(mutex_);
  const auto removed = objects_.extract(handle);
  lock.unlock();  // To close a file may take long.
}

Union::Union(Layers opened, Caching wanted)
    : layers(std::move(opened)),
      caching(wanted),
      nodes(RootOf(layers)),
      upper(layers) {}

}  // namespace mydocker
