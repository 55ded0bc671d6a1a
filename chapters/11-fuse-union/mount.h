// The mount, and the process that answers its questions.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_MOUNT_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_MOUNT_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "chapters/11-fuse-union/union.h"

namespace mydocker {

// Mounts the union on the directory `mount_point` and answers the kernel in
// several threads until it is unmounted. SIGINT, SIGTERM and SIGHUP also end
// it; it is unmounted first. Calls `ready` when the mount is ready. Errors:
// there is no /dev/fuse; those of mount(2); without root, those of fusermount3.
absl::Status Serve(Union& all, const std::string& mount_point,
                   const std::function<void()>& ready);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_MOUNT_H_
