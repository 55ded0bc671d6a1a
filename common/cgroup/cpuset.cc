#include "common/cgroup/cpuset.h"

#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/base/verbose.h"
#include "common/cgroup/cpu_list.h"

namespace mydocker {
namespace {

// #region inherit
// Fills empty settings of the cpuset `directory` from the one above it.
absl::Status InheritFrom(const std::string& parent,
                         const std::string& directory) {
  for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
    ASSIGN_OR_RETURN(const std::string own,
                     ReadKernelFile(absl::StrCat(directory, file)));
    if (own.empty()) {
      ASSIGN_OR_RETURN(const std::string parents,
                       ReadKernelFile(absl::StrCat(parent, file)));
      const std::string path = absl::StrCat(directory, file);
      RETURN_IF_ERROR(WriteKernelFile(path, parents));
      LogStep(absl::StrCat("wrote ", parents, " to ", path));
    }
  }
  return absl::OkStatus();
}
// #endregion inherit

// Whether all CPUs of `wanted` are among those that `file` lists.
absl::Status CheckCpusExist(const std::string& wanted,
                            const std::string& file) {
  ASSIGN_OR_RETURN(const std::set<int> cpus, ParseCpuList(wanted));
  ASSIGN_OR_RETURN(const std::string available, ReadKernelFile(file));
  ASSIGN_OR_RETURN(const std::set<int> existing, ParseCpuList(available));
  for (const int cpu : cpus) {
    if (!existing.contains(cpu)) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no CPU ", cpu, " to run on; CPUs ", available,
                       " are there (", file, ")"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

bool CpusetSubsystem::IsAskedFor(const ResourceConfig& config) const {
  return !config.cpuset.empty();
}

absl::Status CpusetSubsystem::Set(const Cgroup& cgroup,
                                  const ResourceConfig& config) const {
  const bool v1 = cgroup.version() == CgroupVersion::kV1;
  const std::string parent = cgroup.parent_path();
  if (v1) {
    RETURN_IF_ERROR(InheritFrom(cgroup.hierarchy().mount_point, parent));
    RETURN_IF_ERROR(InheritFrom(parent, cgroup.path()));
  }
  if (!IsAskedFor(config)) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckCpusExist(
      config.cpuset,
      absl::StrCat(parent, v1 ? "/cpuset.cpus" : "/cpuset.cpus.effective")));
  return Write(cgroup, "cpuset.cpus", config.cpuset);
}

}  // namespace mydocker
