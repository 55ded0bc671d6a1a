// From chapter 7.
//
// One container's cgroup in one hierarchy: the directory mydocker/ID below the
// hierarchy's root, as Docker's are docker/ID.

#ifndef MYDOCKER_COMMON_CGROUP_CGROUP_H_
#define MYDOCKER_COMMON_CGROUP_CGROUP_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"
#include "common/cgroup/hierarchy.h"
#include "common/process/child.h"

namespace mydocker {

// The parent of the cgroups of `mydocker run`, below the root of each
// hierarchy.
inline constexpr char kCgroupParent[] = "mydocker";

// Removes the cgroup `path` of `hierarchy`: kills all processes in it and below
// it, waits until it is empty, up to `limit_ms` milliseconds, and removes the
// directory; then also removes mydocker, if no other container has a cgroup
// there, and takes back the controllers that nobody needs any more
// (controllers.h). It is no error if the cgroup is already removed.
// Errors: EBUSY if a process remains; those of rmdir(2) and TakeBackUnused.
absl::Status RemoveCgroup(const Hierarchy& hierarchy, const std::string& path,
                          int limit_ms);

// A cgroup that exists for as long as this object does.
class Cgroup {
 public:
  // Makes the cgroup mydocker/`id` in `hierarchy`.
  // Errors: EACCES if the caller is not root; EROFS if the hierarchy is mounted
  // read-only; EEXIST if another container has that id.
  static absl::StatusOr<Cgroup> Create(const Hierarchy& hierarchy,
                                       absl::string_view id);
  Cgroup(Cgroup&& other) noexcept;
  Cgroup& operator=(Cgroup&&) = delete;
  // Removes it, if Remove has not been called. Ignores errors, so call Remove
  // on the normal path.
  ~Cgroup();

  const Hierarchy& hierarchy() const { return hierarchy_; }
  CgroupVersion version() const { return hierarchy_.version; }
  // Its directory, e.g. /sys/fs/cgroup/memory/mydocker/3f1c9a02b7d4.
  const std::string& path() const { return path_; }
  // Its parent's directory, which all containers share.
  std::string parent_path() const;
  // The path of one of its files, e.g. "memory.max".
  std::string File(absl::string_view name) const;

  // Makes the files of `controller` appear in the cgroup. On v1 they already
  // exist; on v2 the controller is handed down to the cgroup, until the cgroup
  // is removed.
  // Errors: those of HandDown (controllers.h).
  absl::Status Enable(absl::string_view controller) const;

  // Moves the process `pid`, with all its threads, into the cgroup by writing
  // it to cgroup.procs. The kernel makes the caller wait for an RCU grace
  // period, some 10 ms: see Admit. (The articles write to tasks, which moves
  // one thread and exists on v1 only.) Errors: ENOSPC for a cpuset without CPUs
  // or memory nodes; EBUSY, EOPNOTSUPP, EINVAL on cgroup v2.
  absl::Status Attach(pid_t pid) const;

  // Changes `command` so that its child is in the cgroup before its program
  // runs, without the wait of Attach. On v2 the child is born there
  // (CLONE_INTO_CGROUP, clone(2)); on v1 it moves itself, in a step before its
  // program, by writing 0, "the writer", to tasks: a thread that moves only
  // itself needs no grace period. The cgroup must outlive the call of Start.
  void Admit(Command& command) const;

  // Calls RemoveCgroup, with a limit of 5 seconds.
  absl::Status Remove();

 private:
  Cgroup(Hierarchy hierarchy, std::string path, UniqueFd directory)
      : hierarchy_(std::move(hierarchy)),
        path_(std::move(path)),
        directory_(std::move(directory)) {}

  Hierarchy hierarchy_;
  std::string path_;  // Empty once removed.
  UniqueFd directory_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CGROUP_CGROUP_H_
