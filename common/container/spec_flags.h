// From chapter 12.

#ifndef MYDOCKER_COMMON_CONTAINER_SPEC_FLAGS_H_
#define MYDOCKER_COMMON_CONTAINER_SPEC_FLAGS_H_

#include "common/container/request.h"

namespace mydocker {

// Flags of `run`: -print-spec, -domainname.
extern const RequestFlags kSpecFlags;

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_SPEC_FLAGS_H_
