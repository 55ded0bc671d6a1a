// From chapter 8.
//
// What the kernel did to a container for the sake of a limit, told on standard
// error. Nobody else tells: a killed process cannot.

#ifndef MYDOCKER_COMMON_CGROUP_REPORT_H_
#define MYDOCKER_COMMON_CGROUP_REPORT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/cgroup/manager.h"

namespace mydocker {

// Says how many processes of the container the OOM killer has ended; nothing if
// none. `memory_limit` is the container's, in bytes, 0 for none: the host's
// memory can run out too. Errors: those of CountOomKills.
absl::Status ReportOomKills(const CgroupManager& cgroups,
                            uint64_t memory_limit);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_REPORT_H_
