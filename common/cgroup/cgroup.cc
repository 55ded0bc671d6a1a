#include "common/cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/base/shared_directory.h"
#include "common/cgroup/controllers.h"

namespace mydocker {
namespace {

constexpr int kRemovalLimitMs = 5000;

std::string ParentPath(const Hierarchy& hierarchy) {
  return absl::StrCat(hierarchy.mount_point, "/", kCgroupParent);
}

// Returns the names of the directories in `parent`. Returns nothing if `parent`
// cannot be read.
std::vector<std::string> DirectoriesIn(const std::string& parent) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(parent.c_str()),
                                                      closedir);
  while (const dirent* entry =
             directory == nullptr ? nullptr : readdir(directory.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
      names.emplace_back(entry->d_name);
    }
  }
  return names;
}

void KillProcesses(const std::string& path) {
  // cgroup v2 kills all at once, including all cgroups below (since Linux
  // 5.14).
  if (WriteKernelFile(absl::StrCat(path, "/cgroup.kill"), "1").ok()) {
    return;
  }
  const absl::StatusOr<std::string> processes =
      ReadKernelFile(absl::StrCat(path, "/cgroup.procs"));
  if (!processes.ok()) {
    return;
  }
  for (const absl::string_view word : absl::StrSplit(*processes, '\n')) {
    pid_t pid = 0;
    // 0 stands for a process in another PID namespace, out of our reach; to
    // kill(2) it would mean our own group.
    if (absl::SimpleAtoi(word, &pid) && pid > 0) {
      kill(pid, SIGKILL);
    }
  }
}

// Kills all processes in the cgroup and below it, and removes the cgroups
// below: the container may have made some.
void ClearOut(const std::string& path) {
  KillProcesses(path);
  for (const std::string& name : DirectoriesIn(path)) {
    const std::string below = absl::StrCat(path, "/", name);
    ClearOut(below);
    rmdir(below.c_str());
  }
}

}  // namespace

absl::Status RemoveCgroup(const Hierarchy& hierarchy, const std::string& path,
                          int limit_ms) {
  // #region remove
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  // A killed process leaves its cgroup a little later, and v1 does not notify
  // us. So retry for as long as the kernel says EBUSY.
  while (rmdir(path.c_str()) != 0 && errno != ENOENT) {
    absl::Status failed =
        ErrnoError(errno, absl::StrCat("remove cgroup ", path));
    if (ErrnoOf(failed) != EBUSY ||
        std::chrono::steady_clock::now() > deadline) {
      return failed;
    }
    ClearOut(path);
    poll(nullptr, 0, 1);
  }
  // #endregion remove
  const std::string parent = ParentPath(hierarchy);
  RETURN_IF_ERROR(RemoveSharedDirectory(parent));
  return TakeBackUnused(hierarchy, parent, path);
}

absl::StatusOr<Cgroup> Cgroup::Create(const Hierarchy& hierarchy,
                                      absl::string_view id) {
  const std::string parent = ParentPath(hierarchy);
  const std::string path = absl::StrCat(parent, "/", id);
  RETURN_IF_ERROR(MakeInSharedDirectory(parent, 0755, path, 0755));
  UniqueFd directory = OpenDirectory(path);
  if (!directory.valid()) {
    const int error = errno;
    rmdir(path.c_str());
    rmdir(parent.c_str());
    return ErrnoError(error, absl::StrCat("open cgroup ", path));
  }
  return Cgroup(hierarchy, path, std::move(directory));
}

Cgroup::Cgroup(Cgroup&& other) noexcept
    : hierarchy_(std::move(other.hierarchy_)),
      path_(std::exchange(other.path_, "")),
      directory_(std::move(other.directory_)) {}

Cgroup::~Cgroup() { [[maybe_unused]] const absl::Status status = Remove(); }

std::string Cgroup::parent_path() const { return ParentPath(hierarchy_); }

std::string Cgroup::File(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

absl::Status Cgroup::Enable(absl::string_view controller) const {
  if (version() == CgroupVersion::kV1) {
    return absl::OkStatus();
  }
  return HandDown(hierarchy_, parent_path(), path_, controller);
}

absl::Status Cgroup::Attach(pid_t pid) const {
  absl::Status status =
      WriteKernelFile(File("cgroup.procs"), absl::StrCat(pid));
  switch (ErrnoOf(status)) {
    case ENOSPC:
      return WithHint(status,
                      "cpuset.cpus or cpuset.mems of this cgroup is empty");
    case EOPNOTSUPP:
      return WithHint(status,
                      "the cgroup, or one above it, is threaded (cgroup.type)");
    case EBUSY:
      return WithHint(status, "the cgroup hands controllers to its children");
    case EINVAL:
      return WithHint(status,
                      "a realtime process cannot enter a cgroup without "
                      "realtime runtime (CONFIG_RT_GROUP_SCHED)");
    default:
      return status;
  }
}

// #region admit
void Cgroup::Admit(Command& command) const {
  if (version() == CgroupVersion::kV2) {
    command.into_cgroup = directory_.get();
    return;
  }
  const std::string tasks = File("tasks");
  command.in_child.push_back([tasks] { return WriteKernelFile(tasks, "0"); });
}
// #endregion admit

absl::Status Cgroup::Remove() {
  if (path_.empty()) {
    return absl::OkStatus();
  }
  directory_.Close();  // It may be the descriptor that is missing below.
  absl::Status removed = RemoveCgroup(hierarchy_, path_, kRemovalLimitMs);
  // The destructor retries after a failure, but need not wait as long again.
  if (removed.ok() || ErrnoOf(removed) == EBUSY) {
    path_.clear();
  }
  return removed;
}

}  // namespace mydocker
