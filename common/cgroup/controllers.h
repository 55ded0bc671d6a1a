// From chapter 7.
//
// Controllers on cgroup v2. A cgroup has a controller's files only if every
// cgroup above it hands the controller down (cgroup.subtree_control). Handing
// one down from the root of the tree changes the whole host, so we do it only
// if needed, record for which cgroup, and take it back.

#ifndef MYDOCKER_COMMON_CGROUP_CONTROLLERS_H_
#define MYDOCKER_COMMON_CGROUP_CONTROLLERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/hierarchy.h"

namespace mydocker {

// Hands `controller` down from the root of `hierarchy`, of v2, to `parent`, and
// from there to the cgroup `path` in it, and records that it is for this
// cgroup: as links in /run/mydocker/v2-DEVICE-INODE, named after the root,
//
//     memory:3f1c9a02b7d4   who needs it: a link to that cgroup
//     memory:enabled        the root did not hand it down before
//
// Errors: EBUSY if `parent`, or a root that is not the root of all cgroups, has
// processes of its own, as in a container; EINVAL for cpu while realtime
// processes exist; ENOENT if somebody else, such as systemd, takes the
// controller back every time we hand it down; those of NamedLock.
absl::Status HandDown(const Hierarchy& hierarchy, const std::string& parent,
                      const std::string& path, absl::string_view controller);

// Call after the cgroup `path` of `hierarchy` has been removed. Takes back,
// first from `parent`, then from the root, the controllers that HandDown has
// handed down and no cgroup needs any more. The root keeps those that it handed
// down before, and those that another of its children uses by now (EBUSY). Does
// nothing on v1.
// Errors: those of NamedLock; any other refusal by the kernel.
absl::Status TakeBackUnused(const Hierarchy& hierarchy,
                            const std::string& parent, const std::string& path);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_CONTROLLERS_H_
