#include "common/cgroup/memory.h"

#include <errno.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"

namespace mydocker {

bool MemorySubsystem::IsAskedFor(const ResourceConfig& config) const {
  return config.memory_limit != 0;
}

// #region set
absl::Status MemorySubsystem::Set(const Cgroup& cgroup,
                                  const ResourceConfig& config) const {
  if (!IsAskedFor(config)) {
    return absl::OkStatus();
  }
  const bool v1 = cgroup.version() == CgroupVersion::kV1;
  absl::Status status =
      Write(cgroup, v1 ? "memory.limit_in_bytes" : "memory.max",
            absl::StrCat(config.memory_limit));
  switch (ErrnoOf(status)) {
    case EBUSY:
      return WithHint(status,
                      "the processes inside use more, and the kernel cannot "
                      "take it from them");
    case EINVAL:
      return WithHint(status,
                      "on cgroup v1 it cannot exceed "
                      "memory.memsw.limit_in_bytes");
    default:
      return status;
  }
}
// #endregion set

absl::StatusOr<uint64_t> MemorySubsystem::CountOomKills(
    const Cgroup& cgroup) const {
  const bool v1 = cgroup.version() == CgroupVersion::kV1;
  return ReadKeyedNumber(
      cgroup.File(v1 ? "memory.oom_control" : "memory.events"), "oom_kill");
}

}  // namespace mydocker
