// From chapter 9.

#ifndef MYDOCKER_COMMON_CONTAINER_OWN_FILES_H_
#define MYDOCKER_COMMON_CONTAINER_OWN_FILES_H_

#include <string>

#include "absl/status/status.h"

namespace mydocker {

// Gives the container files of its own: makes `rootfs` the root, and mounts
// /dev and /sys there. From then on none of the host's files can be reached. It
// still needs /proc (MountProc). Errors: those of the steps (files/rootfs.h).
absl::Status EnterOwnFiles(const std::string& rootfs);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_OWN_FILES_H_
