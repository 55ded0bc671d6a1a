// From chapter 8.
//
// Reports on standard error what the kernel did to a container to enforce a
// limit. Nobody else reports it: a killed process cannot.

#ifndef MYDOCKER_COMMON_CGROUP_REPORT_H_
#define MYDOCKER_COMMON_CGROUP_REPORT_H_

#include <cstdint>

#include "absl/status/status.h"
#include "common/cgroup/manager.h"

namespace mydocker {

// Prints how many processes of the container the OOM killer has killed; nothing
// if none. `memory_limit` is the container's, in bytes, 0 for none: the host's
// memory can run out, too. Errors: those of CountOomKills.
absl::Status ReportOomKills(const CgroupManager& cgroups,
                            uint64_t memory_limit);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_REPORT_H_
