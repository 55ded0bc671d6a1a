// From chapter 9.

#ifndef MYDOCKER_COMMON_CONTAINER_OWN_FILES_H_
#define MYDOCKER_COMMON_CONTAINER_OWN_FILES_H_

#include <string>

#include "absl/status/status.h"

namespace mydocker {

// Gives the container its own files: makes `rootfs` the root, and mounts /dev
// and /sys there. After that, none of the host's files can be reached. /proc is
// still missing (MountProc). Errors: those of the steps (files/rootfs.h).
absl::Status EnterOwnFiles(const std::string& rootfs);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_OWN_FILES_H_
