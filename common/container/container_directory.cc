#include "common/container/container_directory.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <random>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/named_lock.h"
#include "common/base/shared_directory.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/hierarchy.h"
#include "common/files/container_files.h"
#include "common/namespaces/mountinfo.h"
#include "common/process/process_identity.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

constexpr char kWatcher[] = "watcher";
constexpr char kNobody[] = "nobody";
constexpr char kCgroup[] = "cgroup";
constexpr char kFiles[] = "files";
constexpr char kInit[] = "init";
constexpr size_t kMostLookedAt = 16;
constexpr int kRemovalLimitMs = 5000;

std::string PathOf(absl::string_view id) {
  return absl::StrCat(kRunDirectory, "/", id);
}

absl::Status Write(absl::string_view id, absl::string_view name,
                   const std::string& fact) {
  const std::string link = absl::StrCat(PathOf(id), "/", name);
  return symlink(fact.c_str(), link.c_str()) == 0
             ? absl::OkStatus()
             : ErrnoError(errno, absl::StrCat("make the link ", link));
}

// Returns the target of the link `name`; nothing if there is no such link.
std::optional<std::string> Read(absl::string_view id, absl::string_view name) {
  std::error_code error;
  const fs::path fact =
      fs::read_symlink(absl::StrCat(PathOf(id), "/", name), error);
  return error ? std::nullopt : std::optional(fact.string());
}

// Returns the names of containers in `directory`; if there are many, a random
// few.
std::vector<std::string> ContainersIn(const std::string& directory) {
  std::vector<std::string> ids;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error)) {
    if (std::string name = entry->path().filename(); IsContainerId(name)) {
      ids.push_back(std::move(name));
    }
  }
  if (ids.size() <= kMostLookedAt) {
    return ids;
  }
  std::vector<std::string> chosen;
  std::sample(ids.begin(), ids.end(), std::back_inserter(chosen), kMostLookedAt,
              std::minstd_rand(std::random_device()()));
  return chosen;
}

// #region is-abandoned
bool IsAbandoned(absl::string_view id) {
  const std::optional<std::string> watcher = Read(id, kWatcher);
  if (!watcher.has_value() || *watcher == kNobody) {
    return false;
  }
  const std::optional<ProcessIdentity> process =
      ProcessIdentity::FromText(*watcher);
  return process.has_value() && process->IsGone();
}
// #endregion is-abandoned

// Returns whether these files of a container have lost their directory in /run,
// as by a reboot. While they are made and used, it exists; if it is in another
// /run, there is still the lock.
bool AreForgotten(const std::string& id) {
  const UniqueFd files = OpenDirectory(FilesOf(id));
  return files.valid() && access(PathOf(id).c_str(), F_OK) != 0 &&
         flock(files.get(), LOCK_EX | LOCK_NB) == 0;
}

// Removes the directory; the watcher last, since without it nobody would come
// back for the rest.
absl::Status RemoveDirectory(absl::string_view id) {
  const std::string path = PathOf(id);
  for (const char* name : {kInit, kFiles, kCgroup, "watcher.new", kWatcher}) {
    const std::string link = absl::StrCat(path, "/", name);
    if (unlink(link.c_str()) != 0 && errno != ENOENT) {
      return ErrnoError(errno, absl::StrCat("remove ", link));
    }
  }
  if (rmdir(path.c_str()) != 0 && errno != ENOENT) {
    return ErrnoError(errno, absl::StrCat("remove ", path));
  }
  return RemoveSharedDirectory(kRunDirectory);
}

// Leaves what cannot be removed now for the next time.
void RemoveAbandoned() {
  std::optional<NamedLock> lock;
  // A lock, so that no two processes do the same. Taken only if there is
  // something to do; if another process holds it, that one does the work.
  const auto is_ours_to_do = [&lock] {
    if (!lock.has_value()) {
      if (absl::StatusOr<NamedLock> taken = NamedLock::TryAcquire("abandoned");
          taken.ok()) {
        lock.emplace(*std::move(taken));
      }
    }
    return lock.has_value();
  };
  for (const std::string& id : ContainersIn(kRunDirectory)) {
    // An empty directory never held more. If it is just being made, its maker
    // will make it again.
    if (rmdir(PathOf(id).c_str()) != 0 && IsAbandoned(id) && is_ours_to_do()) {
      [[maybe_unused]] const absl::Status status =
          RemoveContainer(id, kRemovalLimitMs);
    }
  }
  for (const std::string& id : ContainersIn(kFilesDirectory)) {
    if (AreForgotten(id) && is_ours_to_do() &&
        CheckNothingIsMountedIn(FilesOf(id)).ok()) {
      [[maybe_unused]] const absl::Status status = RemoveFiles(FilesOf(id));
    }
  }
  if (!lock.has_value()) {
    // Whoever was killed in here may have left nothing but the lock.
    NamedLock::RemoveAbandoned("abandoned");
  }
}

}  // namespace

// #region create
absl::StatusOr<ContainerDirectory> ContainerDirectory::Create(
    absl::string_view id) {
  RemoveAbandoned();
  ASSIGN_OR_RETURN(const ProcessIdentity us, ProcessIdentity::Of(getpid()));
  const std::string path = PathOf(id);
  absl::Status made;
  do {
    RETURN_IF_ERROR(MakeInSharedDirectory(kRunDirectory, 0700, path, 0700));
    made = Write(id, kWatcher, us.ToText());
  } while (ErrnoOf(made) == ENOENT);  // Somebody removed it while it was empty.
  if (!made.ok()) {
    rmdir(path.c_str());
    rmdir(kRunDirectory);
    return made;
  }
  ContainerDirectory directory{std::string(id)};
  // Recorded before any of it is made.
  RETURN_IF_ERROR(Write(id, kCgroup, absl::StrCat(kCgroupParent, "/", id)));
  RETURN_IF_ERROR(Write(id, kFiles, FilesOf(id)));
  return directory;
}
// #endregion create

ContainerDirectory::~ContainerDirectory() {
  if (!id_.empty()) {
    [[maybe_unused]] const absl::Status status = RemoveContainer(id_, 0);
  }
}

absl::Status ContainerDirectory::SetInit(pid_t pid) const {
  ASSIGN_OR_RETURN(const ProcessIdentity init, ProcessIdentity::Of(pid));
  return Write(id_, kInit, init.ToText());
}

absl::Status ContainerDirectory::Leave() {
  // Under another name first, so that there is always a watcher.
  const std::string watcher = absl::StrCat(PathOf(id_), "/", kWatcher);
  RETURN_IF_ERROR(Write(id_, "watcher.new", kNobody));
  if (rename((watcher + ".new").c_str(), watcher.c_str()) != 0) {
    return ErrnoError(errno, absl::StrCat("replace the link ", watcher));
  }
  id_.clear();
  return absl::OkStatus();
}

absl::Status ContainerDirectory::Remove() {
  RETURN_IF_ERROR(RemoveDirectory(id_));
  id_.clear();
  return absl::OkStatus();
}

absl::Status RemoveContainer(absl::string_view id, int limit_ms) {
  // If this host has no cgroups, the end of its PID namespace kills all in it.
  if (const auto init = ProcessIdentity::FromText(Read(id, kInit).value_or(""));
      init.has_value()) {
    init->Kill(limit_ms);
  }
  if (const auto cgroup = Read(id, kCgroup); cgroup.has_value()) {
    ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadCgroupMounts());
    for (const Mount& mount : mounts) {
      const std::string path = absl::StrCat(mount.mount_point, "/", *cgroup);
      if (access(path.c_str(), F_OK) == 0) {
        RETURN_IF_ERROR(RemoveCgroup(HierarchyOf(mount), path, limit_ms));
      }
    }
  }
  if (const auto files = Read(id, kFiles);
      files.has_value() && access(files->c_str(), F_OK) == 0) {
    RETURN_IF_ERROR(WithContext(absl::StrCat("remove ", *files),
                                CheckNothingIsMountedIn(*files)));
    RETURN_IF_ERROR(RemoveFiles(*files));
  }
  return RemoveDirectory(id);
}

}  // namespace mydocker
