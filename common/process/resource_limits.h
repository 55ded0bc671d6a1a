// From chapter 12.
//
// Limits of a process (getrlimit(2)), which its children inherit: of open
// files, of processes of its user, of the size of files.

#ifndef MYDOCKER_COMMON_PROCESS_RESOURCE_LIMITS_H_
#define MYDOCKER_COMMON_PROCESS_RESOURCE_LIMITS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The soft limit that stands for none.
inline constexpr uint64_t kUnlimited = ~uint64_t{0};

// One limit, with the names of the OCI.
struct ResourceLimit {
  std::string type;  // "RLIMIT_NOFILE"
  uint64_t soft = 0;
  uint64_t hard = 0;  // To which the process may raise the soft one.
};

// Returns the limit that `text` stands for: NAME=SOFT[:HARD], as in Docker.
// NAME is the kernel's in lower case, without RLIMIT_: nofile. Without HARD it
// is the same as SOFT; -1 stands for no limit.
// Errors: InvalidArgument for a name that is not in the list, which it names;
// for what is no number; if SOFT is above HARD.
absl::StatusOr<ResourceLimit> ParseUlimit(absl::string_view text);

// Gives the calling process these limits. Call it as root: nobody else may
// raise a hard limit.
// Errors: InvalidArgument for an unknown type; EPERM if the caller may not
// raise a limit so far, or if it is beyond the kernel's own (fs.nr_open).
absl::Status SetResourceLimits(const std::vector<ResourceLimit>& limits);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_RESOURCE_LIMITS_H_
