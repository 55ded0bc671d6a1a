// From chapter 8.
//
// What every controller has in common: the interface Subsystem of article 001.

#ifndef MYDOCKER_COMMON_CGROUP_SUBSYSTEM_H_
#define MYDOCKER_COMMON_CGROUP_SUBSYSTEM_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/cgroup.h"

namespace mydocker {

// The requested limits. 0 or empty: not requested.
struct ResourceConfig {
  uint64_t memory_limit = 0;  // In bytes.
  uint64_t cpu_shares = 0;    // Relative to 1024, as cgroup v1 counts them.
  std::string cpuset;         // CPUs in the kernel's list format: "0-1,3".
  uint64_t pids_limit = 0;    // Processes and threads. From chapter 9.
};

// One controller ("subsystem" is its older name). It keeps no state: the
// cgroup's files are the state.
class Subsystem {
 public:
  virtual ~Subsystem() = default;

  // #region subsystem
  // The controller's name in the kernel: "memory".
  virtual absl::string_view Name() const = 0;

  // Whether `config` asks for a limit of this controller.
  virtual bool IsAskedFor(const ResourceConfig& config) const = 0;

  // Writes this controller's limits into the files of `cgroup`, and whatever a
  // cgroup needs before a process can enter it. Call it before Apply.
  // Errors: the kernel's, each with what to do about it.
  virtual absl::Status Set(const Cgroup& cgroup,
                           const ResourceConfig& config) const = 0;

  // Moves the process `pid` into `cgroup`, which is the same for every
  // controller. Errors: those of Cgroup::Attach.
  static absl::Status Apply(const Cgroup& cgroup, pid_t pid);

  // Removes `cgroup`, also the same for all. Errors: those of Cgroup::Remove.
  static absl::Status Remove(Cgroup& cgroup);
  // #endregion subsystem

 protected:
  // Writes `value` to the cgroup's file `file` and logs that (-verbose).
  static absl::Status Write(const Cgroup& cgroup, absl::string_view file,
                            absl::string_view value);
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_SUBSYSTEM_H_
