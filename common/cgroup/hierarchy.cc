#include "common/cgroup/hierarchy.h"

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"

namespace mydocker {
namespace {

// #region find
bool Carries(const Mount& mount, absl::string_view controller) {
  if (mount.type == "cgroup") {
    return absl::c_linear_search(mount.super_options, controller);
  }
  if (mount.type != "cgroup2") {
    return false;
  }
  const absl::StatusOr<std::string> controllers =
      ReadKernelFile(absl::StrCat(mount.mount_point, "/cgroup.controllers"));
  return controllers.ok() &&
         absl::c_linear_search(absl::StrSplit(*controllers, ' '), controller);
}
// #endregion find

// Whether this line of mountinfo may be one: its type stands behind the
// separator.
bool MayBeOfCgroups(absl::string_view line) {
  return absl::StrContains(line, " - cgroup");
}

}  // namespace

absl::StatusOr<std::vector<Mount>> ReadCgroupMounts() {
  ASSIGN_OR_RETURN(const std::string text,
                   ReadKernelFile("/proc/self/mountinfo"));
  const std::vector<absl::string_view> lines =
      absl::StrSplit(text, '\n', MayBeOfCgroups);
  return ParseMountInfo(absl::StrJoin(lines, "\n"));
}

absl::StatusOr<Hierarchy> FindHierarchy(const std::vector<Mount>& mounts,
                                        absl::string_view controller) {
  for (const Mount& mount : mounts) {
    if (Carries(mount, controller)) {
      return Hierarchy{
          mount.type == "cgroup" ? CgroupVersion::kV1 : CgroupVersion::kV2,
          mount.mount_point};
    }
  }
  return absl::NotFoundError(absl::StrCat(
      "this host has no ", controller,
      " controller: no cgroup v1 mount in /proc/self/mountinfo and no "
      "cgroup.controllers of a cgroup v2 mount names it; /proc/cgroups says "
      "whether the kernel has it"));
}

}  // namespace mydocker
