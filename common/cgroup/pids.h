// From chapter 9.

#ifndef MYDOCKER_COMMON_CGROUP_PIDS_H_
#define MYDOCKER_COMMON_CGROUP_PIDS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/subsystem.h"

namespace mydocker {

// The highest number of processes on a 64-bit kernel. More would be no limit,
// and the kernel rejects it.
inline constexpr uint64_t kMaxPids = 4194304;

// A number of processes as the type of an Abseil flag, 1 to kMaxPids. 0 stands
// for "not given", since no text parses to it.
struct PidsLimit {
  uint64_t processes = 0;
};
bool AbslParseFlag(absl::string_view text, PidsLimit* limit,
                   std::string* error);
std::string AbslUnparseFlag(PidsLimit limit);

// Limits how many processes and threads a cgroup has at a time: pids.max, the
// same file on v1 and v2. Beyond the limit, fork(2) fails with EAGAIN. A
// process may still be moved in; after that, no new one can be made.
// Sources: kernel documents cgroup-v1/pids, cgroup-v2 "PID"; article 002, cg.
class PidsSubsystem : public Subsystem {
 public:
  absl::string_view Name() const override { return "pids"; }
  bool IsAskedFor(const ResourceConfig& config) const override;
  absl::Status Set(const Cgroup& cgroup,
                   const ResourceConfig& config) const override;

  // Returns how often the kernel has refused to make a process in the cgroup:
  // "max" in pids.events.
  absl::StatusOr<uint64_t> CountRefusals(const Cgroup& cgroup) const;

  // Prints that count to standard error; nothing if it is 0, or if there is no
  // cgroup (null). `limit` is the requested limit, 0 for none: v1 also counts
  // what a limit above has refused here, and v2 did until Linux 6.10.
  // Errors: those of CountRefusals.
  absl::Status ReportRefusals(const Cgroup* cgroup, PidsLimit limit) const;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_PIDS_H_
