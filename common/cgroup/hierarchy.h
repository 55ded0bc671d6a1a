// From chapter 7.
//
// Where a controller lives on this host. A controller belongs to one hierarchy
// only: to one of cgroup v1, which has a mount of its own, or to the single
// hierarchy of cgroup v2. A hybrid host has both, so we look up each
// controller, never the host.

#ifndef MYDOCKER_COMMON_CGROUP_HIERARCHY_H_
#define MYDOCKER_COMMON_CGROUP_HIERARCHY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/namespaces/mountinfo.h"

namespace mydocker {

enum class CgroupVersion { kV1 = 1, kV2 = 2 };

// A tree of cgroups that can be reached in the file system.
struct Hierarchy {
  CgroupVersion version;
  std::string mount_point;  // The tree's root, e.g. /sys/fs/cgroup/memory.
};

// Returns the reachable mounts of cgroup hierarchies in the caller's mount
// namespace, for FindHierarchy. Leaves out those that a later mount hides, on
// the same mount point or above it. Does not parse other mounts: a host may
// have thousands, and that would take longer than starting a container.
absl::StatusOr<std::vector<Mount>> ReadCgroupMounts();

// Returns the hierarchy that is mounted there.
Hierarchy HierarchyOf(const Mount& mount);

// Returns the hierarchy, among `mounts`, that `controller` ("memory", "cpu",
// "cpuset", "pids", …) is bound to: the v1 mount that has it among its super
// options, or else the v2 mount whose cgroup.controllers names it. If there are
// several, returns the last, as a later mount hides an earlier one.
// Errors: NotFound, naming the controller, if there is none; the read error of
// a v2 mount that might have it.
// Source: cgroups(7); FindCgroupMountPoint in articles 000 and 001, which knows
// v1 only.
absl::StatusOr<Hierarchy> FindHierarchy(const std::vector<Mount>& mounts,
                                        absl::string_view controller);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_HIERARCHY_H_
