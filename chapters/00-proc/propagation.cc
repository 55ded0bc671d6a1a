#include "chapters/00-proc/propagation.h"

#include "absl/strings/match.h"

namespace mydocker {

std::string DescribePropagation(const Mount& mount) {
  bool shared = false;
  bool slave = false;
  for (const std::string& tag : mount.propagation) {
    shared = shared || absl::StartsWith(tag, "shared:");
    slave = slave || absl::StartsWith(tag, "master:");
    if (tag == "unbindable") {
      return tag;
    }
  }
  return shared && slave ? "shared and slave"
         : shared        ? "shared"
         : slave         ? "slave"
                         : "private";
}

const Mount* FindMount(const std::vector<Mount>& mounts,
                       const std::string& mount_point) {
  const Mount* found = nullptr;
  for (const Mount& mount : mounts) {
    if (mount.mount_point == mount_point) {
      found = &mount;
    }
  }
  return found;
}

}  // namespace mydocker
