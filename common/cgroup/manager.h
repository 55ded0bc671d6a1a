// From chapter 8.
//
// All subsystems of one container together: CgroupManager of article 001.

#ifndef MYDOCKER_COMMON_CGROUP_MANAGER_H_
#define MYDOCKER_COMMON_CGROUP_MANAGER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/hierarchy.h"
#include "common/cgroup/subsystem.h"
#include "common/process/child.h"

namespace mydocker {

// Owns a container's cgroups, one in each hierarchy that this host uses: one
// for each controller on v1, a single one on v2, both kinds on a hybrid host.
class CgroupManager {
 public:
  // Makes the cgroups of the container `id` for memory, cpu and cpuset, and for
  // the subsystems in `added` by later chapters, which must outlive this
  // object. A controller that the host lacks, or whose hierarchy is mounted
  // read-only, is no error yet: see Set. Errors: those of Cgroup::Create.
  static absl::StatusOr<CgroupManager> Create(
      absl::string_view id, const std::vector<const Subsystem*>& added = {});

  // Writes the limits of `config`. Call it even if there are none: an empty
  // cpuset accepts no process. On v2 only the controllers that `config` asks
  // for are handed down.
  // Errors: those of Subsystem::Set and Cgroup::Enable; a limit on a controller
  // that this host does not offer.
  absl::Status Set(const ResourceConfig& config);

  // Moves the process `pid` into the cgroups, as the articles do. Each
  // hierarchy makes the caller wait: see Cgroup::Attach.
  absl::Status Apply(pid_t pid) const;

  // Changes `command` so that its child starts in the cgroups, at almost no
  // cost: see Cgroup::Admit.
  void Admit(Command& command) const;

  // Returns the directories of the container's cgroups.
  std::vector<std::string> Paths() const;

  // Returns the cgroup in which `subsystem` counts and limits; null if this
  // host does not offer it, or if on v2 no limit was asked for.
  const Cgroup* CgroupOf(const Subsystem& subsystem) const;

  // Returns how many of the container's processes the OOM killer has killed; 0
  // also if nothing counts them: see CgroupOf.
  absl::StatusOr<uint64_t> CountOomKills() const;

  // Removes all cgroups, even if one fails, and returns the first error. The
  // destructor removes the rest and ignores errors.
  absl::Status Destroy();

 private:
  // A cgroup, the subsystems of its hierarchy, and those whose files it has.
  struct CgroupEntry {
    Cgroup cgroup;
    std::vector<const Subsystem*> subsystems;
    std::vector<const Subsystem*> enabled;
  };
  // A subsystem that this host does not offer, and why.
  struct Missing {
    const Subsystem* subsystem;
    absl::Status reason;
  };

  CgroupManager() = default;
  // Returns the container's cgroup in `hierarchy`, made at the first call. The
  // pointer is valid until the next call.
  absl::StatusOr<CgroupEntry*> FindOrCreate(const Hierarchy& hierarchy,
                                            absl::string_view id);

  std::vector<CgroupEntry> entries_;
  std::vector<Missing> missing_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_MANAGER_H_
