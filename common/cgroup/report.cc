#include "common/cgroup/report.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/size.h"
#include "common/base/verbose.h"

namespace mydocker {

absl::Status ReportOomKills(const CgroupManager& cgroups,
                            uint64_t memory_limit) {
  ASSIGN_OR_RETURN(const uint64_t kills, cgroups.CountOomKills());
  if (kills == 0) {
    return absl::OkStatus();
  }
  Report(absl::StrCat(
      "out of memory: the kernel's OOM killer ended ", kills,
      kills == 1 ? " process" : " processes", " of this container",
      memory_limit == 0
          ? ""
          : absl::StrCat(", whose limit is ", DescribeSize(memory_limit))));
  return absl::OkStatus();
}

}  // namespace mydocker
