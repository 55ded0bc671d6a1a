#include "doctor/controller_trial.h"

#include <unistd.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/cpu.h"
#include "common/cgroup/cpu_list.h"
#include "common/cgroup/cpuset.h"
#include "common/cgroup/manager.h"
#include "common/cgroup/memory.h"
#include "common/cgroup/pids.h"
#include "common/cgroup/subsystem.h"
#include "common/container/container_directory.h"
#include "common/process/child.h"
#include "common/process/supervisor.h"
#include "doctor/trial.h"

namespace mydocker {
namespace {

// Returns any of the hierarchy's CPUs.
absl::StatusOr<std::string> AnyCpu(const Cgroup& cgroup) {
  const bool v1 = cgroup.version() == CgroupVersion::kV1;
  ASSIGN_OR_RETURN(const std::string list,
                   ReadKernelFile(absl::StrCat(
                       cgroup.hierarchy().mount_point,
                       v1 ? "/cpuset.cpus" : "/cpuset.cpus.effective")));
  ASSIGN_OR_RETURN(const std::set<int> cpus, ParseCpuList(list));
  if (cpus.empty()) {
    return absl::NotFoundError("the root cpuset has no CPU");
  }
  return absl::StrCat(*cpus.begin());
}

absl::Status SetLimit(const Cgroup& cgroup, absl::string_view controller) {
  ResourceConfig limits;
  if (controller == "memory") {
    limits.memory_limit = 100 << 20;
    return MemorySubsystem().Set(cgroup, limits);
  }
  if (controller == "cpu") {
    limits.cpu_shares = 512;
    return CpuSubsystem().Set(cgroup, limits);
  }
  if (controller == "cpuset") {
    ASSIGN_OR_RETURN(limits.cpuset, AnyCpu(cgroup));
    return CpusetSubsystem().Set(cgroup, limits);
  }
  if (controller == "pids") {
    limits.pids_limit = 64;
    return PidsSubsystem().Set(cgroup, limits);
  }
  return absl::OkStatus();
}

absl::Status TryInside(const Cgroup& cgroup, absl::string_view controller) {
  RETURN_IF_ERROR(cgroup.Enable(controller));
  // On v1 cpuset may share its hierarchy, and without CPUs accepts no process.
  if (cgroup.version() == CgroupVersion::kV1 &&
      access(cgroup.File("cpuset.cpus").c_str(), F_OK) == 0) {
    RETURN_IF_ERROR(CpusetSubsystem().Set(cgroup, {}));
  }
  RETURN_IF_ERROR(SetLimit(cgroup, controller));
  Command command;
  cgroup.Admit(command);
  return Try(std::move(command));
}

// Runs `use` on a temporary cgroup.
template <typename Use>
absl::Status WithCgroup(const Hierarchy& hierarchy, const Use& use) {
  // No signal ends this process while there is something to remove.
  ASSIGN_OR_RETURN(const Supervisor supervisor, Supervisor::Create());
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(ContainerDirectory directory,
                   ContainerDirectory::Create(id));
  ASSIGN_OR_RETURN(Cgroup cgroup, Cgroup::Create(hierarchy, id));
  absl::Status outcome = use(cgroup);
  outcome.Update(cgroup.Remove());
  outcome.Update(directory.Remove());
  return outcome;
}

}  // namespace

absl::Status TryController(const Hierarchy& hierarchy,
                           absl::string_view controller) {
  return WithCgroup(hierarchy, [controller](const Cgroup& cgroup) {
    return TryInside(cgroup, controller);
  });
}

absl::Status TryContainer(Command command,
                          const std::vector<const Subsystem*>& added) {
  ASSIGN_OR_RETURN(const Supervisor supervisor, Supervisor::Create());
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(ContainerDirectory directory,
                   ContainerDirectory::Create(id));
  ASSIGN_OR_RETURN(CgroupManager cgroups, CgroupManager::Create(id, added));
  RETURN_IF_ERROR(cgroups.Set({}));
  // Into the cgroups first: a step may hide the host's files.
  const std::vector<Step> steps = std::exchange(command.in_child, {});
  cgroups.Admit(command);
  command.in_child.insert(command.in_child.end(), steps.begin(), steps.end());
  absl::Status outcome = Try(std::move(command));
  outcome.Update(cgroups.Destroy());
  outcome.Update(directory.Remove());
  return outcome;
}

absl::Status TryFile(const Hierarchy& hierarchy, absl::string_view file) {
  return WithCgroup(hierarchy, [file](const Cgroup& cgroup) {
    return ReadKernelFile(cgroup.File(file)).status();
  });
}

}  // namespace mydocker
