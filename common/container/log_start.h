// From chapter 8.

#ifndef MYDOCKER_COMMON_CONTAINER_LOG_START_H_
#define MYDOCKER_COMMON_CONTAINER_LOG_START_H_

#include "common/cgroup/manager.h"
#include "common/process/child.h"

namespace mydocker {

// Logs (-verbose) that `init` is `container`, and in which cgroups it is.
void LogStart(const Child& container, const CgroupManager& cgroups);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_LOG_START_H_
