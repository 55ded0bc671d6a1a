#include "common/cgroup/hierarchy.h"

#include <errno.h>
#include <sys/stat.h>

#include <functional>

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
absl::StatusOr<bool> Carries(const Mount& mount, absl::string_view controller) {
  if (mount.type == "cgroup") {
    return absl::c_linear_search(mount.super_options, controller);
  }
  if (mount.type != "cgroup2") {
    return false;
  }
  ASSIGN_OR_RETURN(
      const std::string controllers,
      ReadKernelFile(absl::StrCat(mount.mount_point, "/cgroup.controllers")));
  return absl::c_linear_search(absl::StrSplit(controllers, ' '), controller);
}
// #endregion find

// Returns whether this line of mountinfo may be a cgroup mount: its type
// follows the separator.
bool MayBeOfCgroups(absl::string_view line) {
  return absl::StrContains(line, " - cgroup");
}

// Returns whether this mount is the visible one at its mount point: another
// file system there would have another device. (statfs(2) would show only the
// type, and v1 has many hierarchies of one type.) A mount that stat(2) cannot
// reach counts as visible; its error appears when it is used.
bool IsVisible(const Mount& mount) {
  struct stat seen = {};
  return stat(mount.mount_point.c_str(), &seen) == 0
             ? seen.st_dev == mount.device
             : errno != ENOENT && errno != ENOTDIR;
}

}  // namespace

absl::StatusOr<std::vector<Mount>> ReadCgroupMounts() {
  ASSIGN_OR_RETURN(const std::string text,
                   ReadKernelFile("/proc/self/mountinfo"));
  const std::vector<absl::string_view> lines =
      absl::StrSplit(text, '\n', MayBeOfCgroups);
  ASSIGN_OR_RETURN(std::vector<Mount> mounts,
                   ParseMountInfo(absl::StrJoin(lines, "\n")));
  std::erase_if(mounts, std::not_fn(IsVisible));
  return mounts;
}

Hierarchy HierarchyOf(const Mount& mount) {
  return {mount.type == "cgroup" ? CgroupVersion::kV1 : CgroupVersion::kV2,
          mount.mount_point};
}

absl::StatusOr<Hierarchy> FindHierarchy(const std::vector<Mount>& mounts,
                                        absl::string_view controller) {
  absl::Status unreadable;
  for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount) {
    const absl::StatusOr<bool> carries = Carries(*mount, controller);
    if (carries.value_or(false)) {
      return HierarchyOf(*mount);
    }
    if (ErrnoOf(carries.status()) != ENOENT) {
      unreadable.Update(carries.status());
    }
  }
  RETURN_IF_ERROR(unreadable);
  return absl::NotFoundError(absl::StrCat(
      "this host has no ", controller,
      " controller: no cgroup v1 mount in /proc/self/mountinfo and no "
      "cgroup.controllers of a cgroup v2 mount names it; /proc/cgroups says "
      "whether the kernel has it"));
}

}  // namespace mydocker
