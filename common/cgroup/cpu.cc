#include "common/cgroup/cpu.h"

#include <cmath>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mydocker {

// #region weight
uint64_t CpuWeightFromShares(uint64_t shares) {
  if (shares <= kMinCpuShares) {
    return 1;
  }
  if (shares >= kMaxCpuShares) {
    return 10000;
  }
  const double log = std::log2(static_cast<double>(shares));
  const double exponent = (log * log + 125 * log) / 612.0 - 7.0 / 34.0;
  return static_cast<uint64_t>(std::ceil(std::pow(10, exponent)));
}
// #endregion weight

bool AbslParseFlag(absl::string_view text, CpuShares* shares,
                   std::string* error) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < kMinCpuShares ||
      number > kMaxCpuShares) {
    *error = absl::StrCat("expected a number from ", kMinCpuShares, " to ",
                          kMaxCpuShares, "; 1024 is every cgroup's default");
    return false;
  }
  shares->shares = number;
  return true;
}

std::string AbslUnparseFlag(CpuShares shares) {
  return absl::StrCat(shares.shares);
}

bool CpuSubsystem::IsAskedFor(const ResourceConfig& config) const {
  return config.cpu_shares != 0;
}

// #region set
absl::Status CpuSubsystem::Set(const Cgroup& cgroup,
                               const ResourceConfig& config) const {
  if (!IsAskedFor(config)) {
    return absl::OkStatus();
  }
  return cgroup.version() == CgroupVersion::kV1
             ? Write(cgroup, "cpu.shares", absl::StrCat(config.cpu_shares))
             : Write(cgroup, "cpu.weight",
                     absl::StrCat(CpuWeightFromShares(config.cpu_shares)));
}
// #endregion set

}  // namespace mydocker
