// From chapter 7.
//
// The mount table: /proc/self/mountinfo.

#ifndef MYDOCKER_COMMON_NAMESPACES_MOUNTINFO_H_
#define MYDOCKER_COMMON_NAMESPACES_MOUNTINFO_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The fields of one line that this project uses (proc(5),
// /proc/pid/mountinfo), with octal escapes such as \040 resolved.
struct Mount {
  uint64_t id = 0;          // Its number, as statx(2) has it (stx_mnt_id).
  dev_t device = 0;         // Of the file system, as stat(2) has it (st_dev).
  std::string root;         // The mounted part of the file system: mostly "/".
  std::string mount_point;  // Where, seen from this process's root.
  std::vector<std::string> propagation;  // "shared:N", "master:N", …; empty:
                                         // private.
  std::string type;                      // "ext4", "cgroup", "cgroup2", …
  std::string source;
  std::vector<std::string> super_options;  // Of a cgroup v1 hierarchy: its
                                           // controllers, among others.
};

// Returns the mounts in `text`, the content of a mountinfo file, in its order:
// a later mount on the same mount point hides an earlier one.
// Errors: InvalidArgument, with the line that does not have the form in
// proc(5).
absl::StatusOr<std::vector<Mount>> ParseMountInfo(absl::string_view text);

// Returns the mounts in the caller's mount namespace.
absl::StatusOr<std::vector<Mount>> ReadMountInfo();

// Returns the visible mount at `mount_point`: of several, the last one, which
// hides the others. Null if nothing is mounted there.
const Mount* FindMount(const std::vector<Mount>& mounts,
                       const std::string& mount_point);

// Returns "shared", "slave", "shared and slave", "unbindable" or "private"
// (mount_namespaces(7), "Shared subtrees").
std::string DescribePropagation(const Mount& mount);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_NAMESPACES_MOUNTINFO_H_
