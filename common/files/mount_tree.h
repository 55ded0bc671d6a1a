// From chapter 12.
//
// Mounts by descriptor (Linux 5.2; mount_setattr: 5.12). mount(2) takes two
// paths and looks both up, while somebody may exchange what they lead to. Here
// a mount is made first, without a place, with all its flags; then it is moved
// onto a file that is already open.

#ifndef MYDOCKER_COMMON_FILES_MOUNT_TREE_H_
#define MYDOCKER_COMMON_FILES_MOUNT_TREE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// What a mount forbids, and how mounts propagate to and from it.
struct MountAttributes {
  // MOUNT_ATTR_… flags (mount_setattr(2)) that are set, or cleared.
  uint64_t set = 0;
  uint64_t clear = 0;
  // MS_PRIVATE, MS_SLAVE or MS_SHARED.
  uint64_t propagation = 0;
};

// Returns a copy of what is seen at `source`, a directory or a file, with all
// mounts below it: what mount --rbind would mount. Each of them gets
// `attributes`, not only the topmost: else below a read-only volume the rest
// would be writable. With kShared or kSlave it stays connected to the source's
// mount as that is, so call it before the mounts are made private.
// Errors: those of open_tree(2): ENOENT; EINVAL if the mount is unbindable; of
// mount_setattr(2); FailedPrecondition if mounts are to propagate and the
// source's mount is private, so that nothing would.
absl::StatusOr<UniqueFd> CopyMounts(const std::string& source,
                                    const MountAttributes& attributes);

// Returns a new tmpfs, empty, with these options, each "NAME=VALUE" (tmpfs(5)).
// Errors: those of fsopen(2) and fsconfig(2), with the kernel's own words about
// an option that it does not take.
absl::StatusOr<UniqueFd> NewTmpfs(const std::vector<std::string>& options,
                                  const MountAttributes& attributes);

// Moves the mount `tree`, which has no place yet, onto the open `target`.
// Errors: those of move_mount(2); FailedPrecondition if `target` lies in a
// shared mount: the host would get it, too.
absl::Status Attach(const UniqueFd& tree, const UniqueFd& target);

// Makes the topmost mount that `file` is in read-only; those below it stay as
// they are. Errors: those of mount_setattr(2).
absl::Status MakeReadOnly(const UniqueFd& file);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_MOUNT_TREE_H_
