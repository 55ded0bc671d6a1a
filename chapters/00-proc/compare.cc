#include <sys/types.h>
#include <unistd.h>

#include <iterator>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "chapters/00-proc/proc_files.h"
#include "chapters/00-proc/process.h"
#include "common/base/errors.h"
#include "common/base/report.h"
#include "common/namespaces/kinds.h"
#include "common/namespaces/mountinfo.h"

namespace mydocker {
namespace {

// The row for a property that each of the two processes has.
Row Compare(const std::string& name, const std::string& there,
            const std::string& here) {
  if (there == here) {
    return {name, Verdict::kSame, there};
  }
  return {name, Verdict::kDifferent,
          absl::StrCat(there, " there, ", here, " here")};
}

// A process's cgroup in each hierarchy, by the controllers of the hierarchy
// (cgroups(7), /proc/pid/cgroup: NUMBER:CONTROLLERS:PATH).
absl::StatusOr<std::map<std::string, std::string>> CgroupsOf(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadProcFile(pid, "cgroup"));
  std::map<std::string, std::string> cgroups;
  for (const absl::string_view line :
       absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() == 3) {
      cgroups[fields[1].empty() ? "v2" : fields[1]] = fields[2];
    }
  }
  return cgroups;
}

absl::StatusOr<std::vector<Mount>> MountsOf(pid_t pid) {
  ASSIGN_OR_RETURN(const std::string text, ReadProcFile(pid, "mountinfo"));
  return ParseMountInfo(text);
}

// The properties by which two mounts show the same files.
std::string Describe(const Mount& mount) {
  std::string what =
      absl::StrCat(mount.mount_point, " (", mount.type, " from ", mount.source);
  absl::StrAppend(&what, mount.root == "/" ? "" : ", of it ",
                  mount.root == "/" ? "" : mount.root, ")");
  return what;
}

std::multiset<std::string> DescribeAll(const std::vector<Mount>& mounts) {
  std::multiset<std::string> descriptions;
  for (const Mount& mount : mounts) {
    descriptions.insert(Describe(mount));
  }
  return descriptions;
}

std::string PropagationOfRoot(const std::vector<Mount>& mounts) {
  const Mount* root = FindMount(mounts, "/");
  return root == nullptr ? "not mounted" : DescribePropagation(*root);
}

}  // namespace

// #region compare-namespaces
absl::StatusOr<Section> CompareNamespaces(pid_t pid) {
  Section section = {"namespaces", "Its namespaces, beside this program's", {}};
  for (const NamespaceKind& kind : kNamespaceKinds) {
    const std::string link = absl::StrCat("ns/", kind.name);
    const absl::StatusOr<std::string> here = ReadProcLink(getpid(), link);
    if (here.ok()) {  // Otherwise the kernel is built without this kind.
      ASSIGN_OR_RETURN(const std::string there, ReadProcLink(pid, link));
      section.rows.push_back(Compare(kind.name, there, *here));
    }
  }
  return section;
}
// #endregion compare-namespaces

absl::StatusOr<Section> CompareCgroups(pid_t pid) {
  ASSIGN_OR_RETURN(const auto here, CgroupsOf(getpid()));
  ASSIGN_OR_RETURN(const auto there, CgroupsOf(pid));
  Section section = {"cgroups", "Its cgroups, beside this program's", {}};
  for (const auto& [controllers, path] : here) {
    const auto found = there.find(controllers);
    section.rows.push_back(Compare(
        controllers, found == there.end() ? "none" : found->second, path));
  }
  return section;
}

absl::StatusOr<Section> CompareMounts(pid_t pid) {
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts_here, MountsOf(getpid()));
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts_there, MountsOf(pid));
  const std::multiset<std::string> here = DescribeAll(mounts_here);
  const std::multiset<std::string> there = DescribeAll(mounts_there);
  std::vector<std::string> only_here;
  std::vector<std::string> only_there;
  absl::c_set_difference(here, there, std::back_inserter(only_here));
  absl::c_set_difference(there, here, std::back_inserter(only_there));

  Section section = {"mounts", "Its mounts, beside this program's", {}};
  section.rows.push_back(
      {"in both", Verdict::kSame,
       absl::StrCat(here.size() - only_here.size(), " mounts")});
  for (const std::string& mount : only_there) {
    section.rows.push_back({"there only", Verdict::kDifferent, mount});
  }
  for (const std::string& mount : only_here) {
    section.rows.push_back({"here only", Verdict::kDifferent, mount});
  }
  section.rows.push_back(Compare("propagation of /",
                                 PropagationOfRoot(mounts_there),
                                 PropagationOfRoot(mounts_here)));
  return section;
}

}  // namespace mydocker
