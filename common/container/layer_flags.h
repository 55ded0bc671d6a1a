// From chapter 10.

#ifndef MYDOCKER_COMMON_CONTAINER_LAYER_FLAGS_H_
#define MYDOCKER_COMMON_CONTAINER_LAYER_FLAGS_H_

#include "common/container/request.h"

namespace mydocker {

// Flags of `run`: -layer, -keep-upper. Not both -layer and -rootfs; -keep-upper
// only with -layer.
extern const RequestFlags kLayerFlags;

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_LAYER_FLAGS_H_
