// From chapter 12.

#ifndef MYDOCKER_COMMON_CONTAINER_VOLUME_FLAGS_H_
#define MYDOCKER_COMMON_CONTAINER_VOLUME_FLAGS_H_

#include "common/container/request.h"

namespace mydocker {

// Flags of `run`: -v, -tmpfs, -read-only, -shm-size. All of them only with
// files of its own (-layer, -rootfs): else they would change the host's.
extern const RequestFlags kVolumeFlags;

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_VOLUME_FLAGS_H_
