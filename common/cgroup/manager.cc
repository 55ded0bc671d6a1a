#include "common/cgroup/manager.h"

#include <errno.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/verbose.h"
#include "common/cgroup/cpu.h"
#include "common/cgroup/cpuset.h"
#include "common/cgroup/memory.h"
#include "common/namespaces/mountinfo.h"

namespace mydocker {
namespace {

const CpusetSubsystem kCpuset;
const MemorySubsystem kMemory;
const CpuSubsystem kCpu;
const Subsystem* const kSubsystems[] = {&kCpuset, &kMemory, &kCpu};

}  // namespace

absl::StatusOr<CgroupManager> CgroupManager::Create(
    absl::string_view id, const std::vector<const Subsystem*>& added) {
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadCgroupMounts());
  std::vector<const Subsystem*> subsystems(std::begin(kSubsystems),
                                           std::end(kSubsystems));
  subsystems.insert(subsystems.end(), added.begin(), added.end());
  CgroupManager manager;
  for (const Subsystem* subsystem : subsystems) {
    const absl::StatusOr<Hierarchy> hierarchy =
        FindHierarchy(mounts, subsystem->Name());
    if (!hierarchy.ok()) {
      manager.missing_.push_back({subsystem, hierarchy.status()});
      continue;
    }
    const absl::StatusOr<CgroupEntry*> entry =
        manager.FindOrCreate(*hierarchy, id);
    if (entry.ok()) {
      (*entry)->subsystems.push_back(subsystem);
    } else if (ErrnoOf(entry.status()) == EROFS) {
      manager.missing_.push_back({subsystem, entry.status()});
    } else {
      return entry.status();
    }
  }
  return manager;
}

absl::StatusOr<CgroupManager::CgroupEntry*> CgroupManager::FindOrCreate(
    const Hierarchy& hierarchy, absl::string_view id) {
  for (CgroupEntry& entry : entries_) {
    if (entry.cgroup.hierarchy().mount_point == hierarchy.mount_point) {
      return &entry;
    }
  }
  ASSIGN_OR_RETURN(Cgroup cgroup, Cgroup::Create(hierarchy, id));
  LogStep(absl::StrCat("made cgroup ", cgroup.path()));
  entries_.push_back({std::move(cgroup), {}, {}});
  return &entries_.back();
}

// #region set
absl::Status CgroupManager::Set(const ResourceConfig& config) {
  for (const Missing& missing : missing_) {
    if (missing.subsystem->IsAskedFor(config)) {
      return missing.reason;
    }
  }
  for (CgroupEntry& entry : entries_) {
    for (const Subsystem* subsystem : entry.subsystems) {
      const bool v1 = entry.cgroup.version() == CgroupVersion::kV1;
      if (v1 || subsystem->IsAskedFor(config)) {
        RETURN_IF_ERROR(entry.cgroup.Enable(subsystem->Name()));
        entry.enabled.push_back(subsystem);
        RETURN_IF_ERROR(subsystem->Set(entry.cgroup, config));
      }
    }
  }
  return absl::OkStatus();
}
// #endregion set

// #region apply-admit
absl::Status CgroupManager::Apply(pid_t pid) const {
  for (const CgroupEntry& entry : entries_) {
    // Once for all its subsystems: they share the cgroup and its processes.
    RETURN_IF_ERROR(Subsystem::Apply(entry.cgroup, pid));
  }
  return absl::OkStatus();
}

void CgroupManager::Admit(Command& command) const {
  for (const CgroupEntry& entry : entries_) {
    entry.cgroup.Admit(command);
  }
}
// #endregion apply-admit

std::vector<std::string> CgroupManager::Paths() const {
  std::vector<std::string> paths;
  for (const CgroupEntry& entry : entries_) {
    paths.push_back(entry.cgroup.path());
  }
  return paths;
}

const Cgroup* CgroupManager::CgroupOf(const Subsystem& subsystem) const {
  for (const CgroupEntry& entry : entries_) {
    if (absl::c_linear_search(entry.enabled, &subsystem)) {
      return &entry.cgroup;
    }
  }
  return nullptr;
}

absl::StatusOr<uint64_t> CgroupManager::CountOomKills() const {
  const Cgroup* cgroup = CgroupOf(kMemory);
  return cgroup == nullptr ? 0 : kMemory.CountOomKills(*cgroup);
}

// #region destroy
absl::Status CgroupManager::Destroy() {
  absl::Status first_error;
  for (CgroupEntry& entry : entries_) {
    first_error.Update(Subsystem::Remove(entry.cgroup));
  }
  entries_.clear();
  return first_error;
}
// #endregion destroy

}  // namespace mydocker
