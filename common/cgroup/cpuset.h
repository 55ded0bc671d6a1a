// From chapter 8.

#ifndef MYDOCKER_COMMON_CGROUP_CPUSET_H_
#define MYDOCKER_COMMON_CGROUP_CPUSET_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/subsystem.h"

namespace mydocker {

// Restricts the processes of a cgroup to certain CPUs: cpuset.cpus.
//
// On v1 a new cpuset is empty, and the kernel refuses to put a process on no
// CPU and in no memory node (ENOSPC, which the articles met). So Set gives it
// its parent's cpuset.cpus and cpuset.mems, whether or not a limit was
// requested. On v2 it inherits its parent's until it sets its own.
// Sources: cpuset(7), kernel document cgroup-v2 "Cpuset"; article 001,
// CpuSetSubSystem.
class CpusetSubsystem : public Subsystem {
 public:
  absl::string_view Name() const override { return "cpuset"; }
  bool IsAskedFor(const ResourceConfig& config) const override;
  // Errors besides the kernel's: InvalidArgument for a CPU that does not exist,
  // listing those that do. v2 would accept it and limit nothing.
  absl::Status Set(const Cgroup& cgroup,
                   const ResourceConfig& config) const override;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_CPUSET_H_
