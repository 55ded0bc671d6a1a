#include "common/cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"

namespace mydocker {
namespace {

constexpr absl::string_view kParentName = "mydocker";
constexpr std::chrono::seconds kRemovalLimit(5);
constexpr size_t kMostLookedAt = 16;

std::string ParentPath(const Hierarchy& hierarchy) {
  return absl::StrCat(hierarchy.mount_point, "/", kParentName);
}

// Keeps all others who call this for the same hierarchy out while the returned
// descriptor is open. Needed by whoever makes or removes what several
// containers share: the directory mydocker.
absl::StatusOr<UniqueFd> LockHierarchy(const Hierarchy& hierarchy) {
  UniqueFd root = OpenDirectory(hierarchy.mount_point);
  if (!root.valid()) {
    return ErrnoError(errno, absl::StrCat("open ", hierarchy.mount_point));
  }
  RETURN_IF_ERROR(LockDirectory(root, hierarchy.mount_point));
  return root;
}

absl::Status MakeDirectory(const std::string& path) {
  if (mkdir(path.c_str(), 0755) != 0) {
    const int error = errno;
    return ErrnoError(error, absl::StrCat("make cgroup ", path),
                      error == EACCES  ? "cgroups belong to root: use sudo"
                      : error == EROFS ? "the hierarchy is mounted read-only"
                                       : "");
  }
  return absl::OkStatus();
}

// Makes the directory `path` and locks it, or else leaves nothing there.
absl::StatusOr<UniqueFd> MakeLockedDirectory(const std::string& path) {
  RETURN_IF_ERROR(MakeDirectory(path));
  UniqueFd directory = OpenDirectory(path);
  if (!directory.valid() || flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    rmdir(path.c_str());
    return ErrnoError(error, absl::StrCat("lock cgroup ", path));
  }
  return directory;
}

// Returns the names of the directories in `parent`. Of one that cannot be read
// there are none.
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
  // cgroup v2 does it in one go, and with all cgroups below (since Linux 5.14).
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
    // kill(2) it would mean ourselves.
    if (absl::SimpleAtoi(word, &pid) && pid > 0) {
      kill(pid, SIGKILL);
    }
  }
}

// Kills what is in the cgroup and in those below it, and removes those: the
// container may have made some.
void ClearOut(const std::string& path) {
  KillProcesses(path);
  for (const std::string& name : DirectoriesIn(path)) {
    const std::string below = absl::StrCat(path, "/", name);
    ClearOut(below);
    rmdir(below.c_str());
  }
}

// Removes the cgroups of containers whose `mydocker run` is dead. The caller
// has the hierarchy locked, so every container that is alive has its own
// directory locked. One that is still busy is left for the next time.
void RemoveAbandoned(const std::string& parent) {
  std::vector<std::string> ids = DirectoriesIn(parent);
  // What has another name, somebody has made by hand.
  std::erase_if(ids, [](const std::string& id) { return !IsContainerId(id); });
  // Among many containers each run looks at a few, chosen by chance: a start
  // must not take longer the more of them there are.
  if (ids.size() > kMostLookedAt) {
    std::vector<std::string> chosen;
    std::sample(ids.begin(), ids.end(), std::back_inserter(chosen),
                kMostLookedAt, std::minstd_rand(std::random_device()()));
    ids = std::move(chosen);
  }
  for (const std::string& id : ids) {
    const std::string path = absl::StrCat(parent, "/", id);
    const UniqueFd abandoned = OpenDirectory(path);
    if (abandoned.valid() && flock(abandoned.get(), LOCK_EX | LOCK_NB) == 0) {
      ClearOut(path);
      rmdir(path.c_str());
    }
  }
}

// Whether the cgroup has processes and is not the root of all, the only one
// that may have them and yet hand controllers down. To a container, its own
// cgroup looks like a root; the files tell (cgroups(7), "cgroup.type").
bool IsTakenByProcesses(const std::string& path) {
  const std::string type = absl::StrCat(path, "/cgroup.type");
  return access(type.c_str(), F_OK) == 0 &&
         !ReadKernelFile(absl::StrCat(path, "/cgroup.procs"))
              .value_or("")
              .empty();
}

std::string HintForHandDown(int error, absl::string_view controller) {
  switch (error) {
    case EBUSY:
      return "a cgroup that has processes itself cannot hand controllers to "
             "its children";
    case EOPNOTSUPP:
      return "the cgroup, or one above it, is threaded (cgroup.type)";
    case EINVAL:
      return controller == "cpu"
                 ? "while realtime processes exist, a kernel built with "
                   "CONFIG_RT_GROUP_SCHED does not hand down cpu"
                 : "";
    default:
      return "";
  }
}

// #region hand-down
absl::Status HandDown(const std::string& parent, absl::string_view controller) {
  const std::string file = absl::StrCat(parent, "/cgroup.subtree_control");
  ASSIGN_OR_RETURN(const std::string enabled, ReadKernelFile(file));
  if (absl::c_linear_search(absl::StrSplit(enabled, ' '), controller)) {
    return absl::OkStatus();
  }
  // The kernel would refuse memory, but hand down cpu, cpuset and pids, and
  // make the cgroup a threaded one by that, which takes no container.
  absl::Status status =
      IsTakenByProcesses(parent)
          ? ErrnoError(EBUSY,
                       absl::StrCat("hand ", controller, " down from ", parent))
          : WriteKernelFile(file, absl::StrCat("+", controller));
  const std::string hint = HintForHandDown(ErrnoOf(status), controller);
  return hint.empty() ? status : WithHint(status, hint);
}
// #endregion hand-down

}  // namespace

absl::StatusOr<Cgroup> Cgroup::Create(const Hierarchy& hierarchy,
                                      absl::string_view id) {
  const std::string parent = ParentPath(hierarchy);
  ASSIGN_OR_RETURN(const UniqueFd lock, LockHierarchy(hierarchy));
  const absl::Status made = MakeDirectory(parent);
  if (!made.ok() && ErrnoOf(made) != EEXIST) {
    return made;
  }
  RemoveAbandoned(parent);
  std::string path = absl::StrCat(parent, "/", id);
  absl::StatusOr<UniqueFd> directory = MakeLockedDirectory(path);
  if (!directory.ok()) {
    rmdir(parent.c_str());  // If nobody else has a cgroup there.
    return directory.status();
  }
  return Cgroup(hierarchy, std::move(path), *std::move(directory));
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
  RETURN_IF_ERROR(HandDown(hierarchy_.mount_point, controller));
  return HandDown(parent_path(), controller);
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
  // #region remove
  const auto deadline = std::chrono::steady_clock::now() + kRemovalLimit;
  // A process that has been killed leaves its cgroup a little later, and v1 has
  // no way to be told. So ask again, for as long as the kernel says EBUSY.
  while (rmdir(path_.c_str()) != 0 && errno != ENOENT) {
    absl::Status failed =
        ErrnoError(errno, absl::StrCat("remove cgroup ", path_));
    if (ErrnoOf(failed) != EBUSY) {
      return failed;
    }
    if (std::chrono::steady_clock::now() > deadline) {
      path_.clear();  // The destructor need not wait as long again.
      return failed;
    }
    ClearOut(path_);
    poll(nullptr, 0, 1);
  }
  // #endregion remove
  directory_.Close();
  ASSIGN_OR_RETURN(const UniqueFd lock, LockHierarchy(hierarchy_));
  const std::string parent = parent_path();
  if (rmdir(parent.c_str()) != 0 && errno != EBUSY && errno != ENOENT) {
    return ErrnoError(errno, absl::StrCat("remove cgroup ", parent));
  }
  // Not before: what has failed up to here, the destructor tries once more.
  path_.clear();
  return absl::OkStatus();
}

}  // namespace mydocker
