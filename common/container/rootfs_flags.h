// From chapter 9.

#ifndef MYDOCKER_COMMON_CONTAINER_ROOTFS_FLAGS_H_
#define MYDOCKER_COMMON_CONTAINER_ROOTFS_FLAGS_H_

#include "common/container/request.h"

namespace mydocker {

// Flags of `run`: -rootfs, -hostname, -pids-limit.
extern const RequestFlags kRootfsFlags;

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_ROOTFS_FLAGS_H_
