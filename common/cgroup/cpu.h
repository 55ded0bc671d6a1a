// From chapter 8.

#ifndef MYDOCKER_COMMON_CGROUP_CPU_H_
#define MYDOCKER_COMMON_CGROUP_CPU_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/subsystem.h"

namespace mydocker {

// The range of cpu.shares. The kernel silently clamps values outside, so we
// reject them.
inline constexpr uint64_t kMinCpuShares = 2;
inline constexpr uint64_t kMaxCpuShares = 262144;

// Returns the cpu.weight of cgroup v2 (1 to 10000) that corresponds to `shares`
// of v1, by the formula that runc and crun have used since 2025: a curve
// through (2, 1), (1024, 100) and (262144, 10000), so that the default of one
// is the default of the other.
uint64_t CpuWeightFromShares(uint64_t shares);

// A number of shares as the type of an Abseil flag, 2 to 262144. 0 stands for
// "not given", since no text parses to it.
struct CpuShares {
  uint64_t shares = 0;
};
bool AbslParseFlag(absl::string_view text, CpuShares* shares,
                   std::string* error);
std::string AbslUnparseFlag(CpuShares shares);

// When CPU time is scarce, divides it in proportion to a number that each
// cgroup has: cpu.shares (v1), cpu.weight (v2).
// Sources: kernel documents sched-design-CFS and cgroup-v2 "CPU"; article 001,
// CpuSubSystem.
class CpuSubsystem : public Subsystem {
 public:
  absl::string_view Name() const override { return "cpu"; }
  bool IsAskedFor(const ResourceConfig& config) const override;
  absl::Status Set(const Cgroup& cgroup,
                   const ResourceConfig& config) const override;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_CPU_H_
