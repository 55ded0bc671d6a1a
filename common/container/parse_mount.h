// From chapter 12.
//
// The words of -v and -tmpfs as mounts of a Spec.

#ifndef MYDOCKER_COMMON_CONTAINER_PARSE_MOUNT_H_
#define MYDOCKER_COMMON_CONTAINER_PARSE_MOUNT_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/container/spec.h"

namespace mydocker {

// Returns the bind mount that SOURCE:TARGET[:OPTION,…] stands for. SOURCE is a
// path if it has a slash or begins with a dot, else the name of a volume.
// TARGET is absolute; "." and ".." in it are resolved. OPTION is one of ro, rw,
// nosuid, nodev, noexec, rprivate, rslave, rshared. Errors: InvalidArgument for
// any other text; for a target that is the root or in /proc, whose files are
// the kernel's; for options that exclude each other.
absl::StatusOr<MountSpec> ParseVolume(absl::string_view text);

// Returns the tmpfs that TARGET[:OPTION,…] stands for. OPTION is also one of
// suid, dev, exec, and of tmpfs(5) size, mode, uid, gid, nr_inodes, nr_blocks,
// each with a value, which the kernel checks. As in Docker, it is nosuid, nodev
// and noexec unless told otherwise. Errors: as above.
absl::StatusOr<MountSpec> ParseTmpfs(absl::string_view text);

// Sorts `mounts`, so that none hides another one below it. Errors:
// InvalidArgument if two have the same target.
absl::Status ArrangeMounts(std::vector<MountSpec>& mounts);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_PARSE_MOUNT_H_
