// From chapter 12.

#ifndef MYDOCKER_COMMON_CONTAINER_PROCESS_FLAGS_H_
#define MYDOCKER_COMMON_CONTAINER_PROCESS_FLAGS_H_

#include "common/container/request.h"

namespace mydocker {

// Flags of `run` for the container's first process: -e, -env-file, -w, -u,
// -ulimit.
extern const RequestFlags kProcessFlags;

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_PROCESS_FLAGS_H_
