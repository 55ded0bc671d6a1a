// From chapter 7.
//
// Controllers on cgroup v2. A cgroup has a controller's files only if each one
// above it hands the controller down (cgroup.subtree_control). To hand one down
// from the root of the tree changes the whole host, so it is asked for only
// where it is needed, it is known for whom, and it is taken back.

#ifndef MYDOCKER_COMMON_CGROUP_CONTROLLERS_H_
#define MYDOCKER_COMMON_CGROUP_CONTROLLERS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/hierarchy.h"

namespace mydocker {

// Hands `controller` down from the root of `hierarchy`, of v2, to `parent`, and
// from there to the cgroup `path` in it, and writes down that it is for this
// cgroup: as links in /run/mydocker/v2-DEVICE-INODE, named after the root,
//
//     memory:3f1c9a02b7d4   who needs it: a link to that cgroup
//     memory:enabled        the root did not hand it down before
//
// Errors: EBUSY if `parent`, or a root that is not the root of all cgroups, has
// processes itself, as in a container; EINVAL for cpu while realtime processes
// exist; ENOENT if somebody else, such as systemd, takes the controller back as
// often as it is handed down; those of NamedLock.
absl::Status HandDown(const Hierarchy& hierarchy, const std::string& parent,
                      const std::string& path, absl::string_view controller);

// The cgroup `path` of `hierarchy` is gone. Takes back, first from `parent`,
// then from the root, what HandDown has handed down and no cgroup needs any
// more. What the root handed down before, it goes on to; so it does where
// another of its children relies on it by now (EBUSY). Nothing to do on v1.
// Errors: those of NamedLock; another refusal of the kernel's.
absl::Status TakeBackUnused(const Hierarchy& hierarchy,
                            const std::string& parent, const std::string& path);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_CONTROLLERS_H_
