#include "common/cgroup/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/errors.h"
#include "common/kernel_file.h"

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
  if (!root.valid() || TEMP_FAILURE_RETRY(flock(root.get(), LOCK_EX)) != 0) {
    return ErrnoError(errno, absl::StrCat("lock ", hierarchy.mount_point));
  }
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

// Returns the paths of the directories in `parent`. Of one that cannot be read
// there are none.
std::vector<std::string> DirectoriesIn(const std::string& parent) {
  std::vector<std::string> paths;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(parent.c_str()),
                                                      closedir);
  while (const dirent* entry =
             directory == nullptr ? nullptr : readdir(directory.get())) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
      paths.push_back(absl::StrCat(parent, "/", entry->d_name));
    }
  }
  return paths;
}

void KillProcesses(const std::string& path) {
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
void Empty(const std::string& path) {
  KillProcesses(path);
  for (const std::string& below : DirectoriesIn(path)) {
    Empty(below);
    rmdir(below.c_str());
  }
}

// Removes the cgroups of containers whose `mydocker run` is dead. The caller
// has the hierarchy locked, so every container that is alive has its own
// directory locked. One that is still busy is left for the next time.
void RemoveAbandoned(const std::string& parent) {
  std::vector<std::string> paths = DirectoriesIn(parent);
  // Among many containers each run looks at a few, chosen by chance: a start
  // must not take longer the more of them there are.
  if (paths.size() > kMostLookedAt) {
    std::vector<std::string> chosen;
    std::sample(paths.begin(), paths.end(), std::back_inserter(chosen),
                kMostLookedAt, std::minstd_rand(std::random_device()()));
    paths = std::move(chosen);
  }
  for (const std::string& path : paths) {
    const UniqueFd abandoned = OpenDirectory(path);
    if (abandoned.valid() && flock(abandoned.get(), LOCK_EX | LOCK_NB) == 0) {
      Empty(path);
      rmdir(path.c_str());
    }
  }
}

// #region hand-down
absl::Status HandDown(const std::string& parent, absl::string_view controller) {
  const std::string file = absl::StrCat(parent, "/cgroup.subtree_control");
  ASSIGN_OR_RETURN(const std::string enabled, ReadKernelFile(file));
  if (absl::c_linear_search(absl::StrSplit(enabled, ' '), controller)) {
    return absl::OkStatus();
  }
  absl::Status status = WriteKernelFile(file, absl::StrCat("+", controller));
  // #endregion hand-down
  switch (ErrnoOf(status)) {
    case EBUSY:
      return WithHint(status,
                      "a cgroup that has processes itself cannot hand "
                      "controllers to its children");
    case EINVAL:
      return WithHint(status,
                      "while realtime processes exist, a kernel built with "
                      "CONFIG_RT_GROUP_SCHED does not hand down cpu");
    default:
      return status;
  }
}

}  // namespace

absl::StatusOr<std::string> NewContainerId() {
  std::array<char, 6> bytes;
  if (TEMP_FAILURE_RETRY(getrandom(bytes.data(), bytes.size(), 0)) !=
      static_cast<ssize_t>(bytes.size())) {
    return ErrnoError(errno, "get random bytes for a container id");
  }
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

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
  const bool v1 = version() == CgroupVersion::kV1;
  absl::Status status =
      WriteKernelFile(File(v1 ? "tasks" : "cgroup.procs"), absl::StrCat(pid));
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
    const int error = errno;
    if (error != EBUSY || std::chrono::steady_clock::now() > deadline) {
      return ErrnoError(error, absl::StrCat("remove cgroup ", path_));
    }
    Empty(path_);
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
