#include "common/cgroup/pids.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/base/verbose.h"

namespace mydocker {

bool AbslParseFlag(absl::string_view text, PidsLimit* limit,
                   std::string* error) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || number < 1 || number > kMaxPids) {
    *error =
        absl::StrCat("expected a number of processes from 1 to ", kMaxPids);
    return false;
  }
  limit->processes = number;
  return true;
}

std::string AbslUnparseFlag(PidsLimit limit) {
  return absl::StrCat(limit.processes);
}

bool PidsSubsystem::IsAskedFor(const ResourceConfig& config) const {
  return config.pids_limit != 0;
}

// #region set
absl::Status PidsSubsystem::Set(const Cgroup& cgroup,
                                const ResourceConfig& config) const {
  if (!IsAskedFor(config)) {
    return absl::OkStatus();
  }
  return Write(cgroup, "pids.max", absl::StrCat(config.pids_limit));
}

absl::StatusOr<uint64_t> PidsSubsystem::CountRefusals(
    const Cgroup& cgroup) const {
  return ReadKeyedNumber(cgroup.File("pids.events"), "max");
}
// #endregion set

absl::Status PidsSubsystem::ReportRefusals(const Cgroup* cgroup,
                                           PidsLimit limit) const {
  if (cgroup == nullptr) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const uint64_t refusals, CountRefusals(*cgroup));
  if (refusals == 0) {
    return absl::OkStatus();
  }
  Report(absl::StrCat("too many processes: the kernel refused ", refusals,
                      refusals == 1 ? " attempt" : " attempts",
                      " to make one more in this container",
                      limit.processes == 0 ? ""
                                           : absl::StrCat(", whose limit is ",
                                                          limit.processes)));
  return absl::OkStatus();
}

}  // namespace mydocker
