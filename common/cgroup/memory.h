// From chapter 8.

#ifndef MYDOCKER_COMMON_CGROUP_MEMORY_H_
#define MYDOCKER_COMMON_CGROUP_MEMORY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/subsystem.h"

namespace mydocker {

// Limits how much memory the processes of a cgroup use together:
// memory.limit_in_bytes (v1), memory.max (v2). Memory beyond it is swapped out
// or, without swap, causes an OOM kill.
// Sources: kernel documents cgroup-v1/memory, cgroup-v2 "Memory"; article 001,
// MemorySubSystem.
class MemorySubsystem : public Subsystem {
 public:
  absl::string_view Name() const override { return "memory"; }
  bool IsAskedFor(const ResourceConfig& config) const override;
  absl::Status Set(const Cgroup& cgroup,
                   const ResourceConfig& config) const override;

  // Returns how many processes of the cgroup the OOM killer has killed:
  // "oom_kill" in memory.oom_control (v1, since Linux 4.13) or memory.events
  // (v2).
  absl::StatusOr<uint64_t> CountOomKills(const Cgroup& cgroup) const;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_MEMORY_H_
