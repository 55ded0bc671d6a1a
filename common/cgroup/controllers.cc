#include "common/cgroup/controllers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/base/named_lock.h"
#include "common/base/shared_directory.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

constexpr char kLock[] = "controllers";
constexpr char kEnabled[] = "enabled";
// After so many attempts, somebody else takes the controller back on purpose.
constexpr int kMostAttempts = 10;

std::string ControlFile(const std::string& cgroup) {
  return absl::StrCat(cgroup, "/cgroup.subtree_control");
}

// The directory of the links for `hierarchy`, however many mounts it has.
absl::StatusOr<std::string> NotesOf(const Hierarchy& hierarchy) {
  struct stat root = {};
  if (stat(hierarchy.mount_point.c_str(), &root) != 0) {
    return ErrnoError(errno, absl::StrCat("look at ", hierarchy.mount_point));
  }
  return absl::StrCat(kRunDirectory, "/v2-", root.st_dev, "-", root.st_ino);
}

// The kernel makes a link whole or not at all.
absl::Status Note(const std::string& notes, absl::string_view controller,
                  absl::string_view whom, const std::string& target) {
  const std::string link = absl::StrCat(notes, "/", controller, ":", whom);
  if (symlink(target.c_str(), link.c_str()) != 0 && errno != EEXIST) {
    return ErrnoError(errno, absl::StrCat("make the link ", link));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> HandsDown(const std::string& cgroup,
                               absl::string_view controller) {
  ASSIGN_OR_RETURN(const std::string enabled,
                   ReadKernelFile(ControlFile(cgroup)));
  return absl::c_linear_search(absl::StrSplit(enabled, ' '), controller);
}

// Returns whether the cgroup has processes and is not the root of all cgroups,
// the only one that may have processes and still hand controllers down. To a
// container, its own cgroup looks like a root; its files show that it is not
// (cgroups(7), "cgroup.type").
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
absl::Status HandDownFrom(const std::string& parent,
                          absl::string_view controller) {
  ASSIGN_OR_RETURN(const bool enabled, HandsDown(parent, controller));
  if (enabled) {
    return absl::OkStatus();
  }
  // The kernel would refuse memory, but hand down cpu, cpuset and pids, and so
  // make the cgroup threaded, and a threaded cgroup cannot hold a container.
  absl::Status status =
      IsTakenByProcesses(parent)
          ? ErrnoError(EBUSY,
                       absl::StrCat("hand ", controller, " down from ", parent))
          : WriteKernelFile(ControlFile(parent), absl::StrCat("+", controller));
  const std::string hint = HintForHandDown(ErrnoOf(status), controller);
  return hint.empty() ? status : WithHint(status, hint);
}
// #endregion hand-down

// A cgroup that is gone or lacks the controller hands nothing down: ENOENT.
absl::Status TakeBackFrom(const std::string& parent,
                          absl::string_view controller) {
  absl::Status status =
      WriteKernelFile(ControlFile(parent), absl::StrCat("-", controller));
  return ErrnoOf(status) == ENOENT || ErrnoOf(status) == ENODEV
             ? absl::OkStatus()
             : status;
}

absl::StatusOr<std::vector<std::string>> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename());
  }
  if (error) {
    return ErrnoError(error.value(), absl::StrCat("read ", directory));
  }
  return names;
}

// Returns the controllers that `notes` names and no cgroup needs, now that the
// cgroup `gone` is removed.
absl::StatusOr<std::set<std::string>> UnusedIn(const std::string& notes,
                                               const std::string& gone) {
  const absl::StatusOr<std::vector<std::string>> names = NamesIn(notes);
  if (ErrnoOf(names.status()) == ENOENT) {
    // While we waited for the lock, another container took back the last.
    return std::set<std::string>{};
  }
  RETURN_IF_ERROR(names.status());
  std::set<std::string> unused;
  std::set<std::string> used;
  for (const std::string& name : *names) {
    const std::pair<std::string, std::string> words =
        absl::StrSplit(name, absl::MaxSplits(':', 1));
    const auto& [controller, whom] = words;
    const std::string link = absl::StrCat(notes, "/", name);
    if (whom == gone) {
      unlink(link.c_str());
    }
    // With many containers, we soon find one that needs it.
    if (whom != gone && whom != kEnabled && !used.contains(controller)) {
      if (access(link.c_str(), F_OK) == 0) {
        used.insert(controller);
        continue;
      }
      unlink(link.c_str());  // Somebody else has removed the cgroup.
    }
    unused.insert(controller);
  }
  for (const std::string& controller : used) {
    unused.erase(controller);
  }
  return unused;
}

}  // namespace

absl::Status HandDown(const Hierarchy& hierarchy, const std::string& parent,
                      const std::string& path, absl::string_view controller) {
  ASSIGN_OR_RETURN(const NamedLock lock, NamedLock::Acquire(kLock));
  ASSIGN_OR_RETURN(const std::string notes, NotesOf(hierarchy));
  absl::Status made = MakeInSharedDirectory(kRunDirectory, 0700, notes, 0700);
  if (!made.ok() && ErrnoOf(made) != EEXIST) {
    return made;
  }
  RETURN_IF_ERROR(
      Note(notes, controller, fs::path(path).filename().string(), path));
  const std::string& root = hierarchy.mount_point;
  absl::Status status;
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    ASSIGN_OR_RETURN(bool enabled, HandsDown(root, controller));
    if (!enabled) {
      RETURN_IF_ERROR(Note(notes, controller, kEnabled, root));
      RETURN_IF_ERROR(HandDownFrom(root, controller));
    }
    status = HandDownFrom(parent, controller);
    // ENOENT: the parent lacks it. Somebody may have taken it back between our
    // two writes. After the second, nobody can: EBUSY.
    if (ErrnoOf(status) != ENOENT) {
      return status;
    }
    ASSIGN_OR_RETURN(enabled, HandsDown(root, controller));
    if (enabled) {
      return status;
    }
  }
  return WithHint(
      status,
      absl::StrCat("each time that ", root, " handed ", controller,
                   " down, somebody has taken it back at once: systemd, or "
                   "who else sees to the root of this tree"));
}

// #region take-back
absl::Status TakeBackUnused(const Hierarchy& hierarchy,
                            const std::string& parent,
                            const std::string& path) {
  if (hierarchy.version == CgroupVersion::kV1) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string notes, NotesOf(hierarchy));
  if (access(notes.c_str(), F_OK) != 0) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const NamedLock lock, NamedLock::Acquire(kLock));
  ASSIGN_OR_RETURN(const std::set<std::string> unused,
                   UnusedIn(notes, fs::path(path).filename()));
  for (const std::string& controller : unused) {
    RETURN_IF_ERROR(TakeBackFrom(parent, controller));
    const std::string enabled =
        absl::StrCat(notes, "/", controller, ":enabled");
    if (faccessat(AT_FDCWD, enabled.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
      absl::Status taken = TakeBackFrom(hierarchy.mount_point, controller);
      // EBUSY: another child of the root relies on it by now.
      if (!taken.ok() && ErrnoOf(taken) != EBUSY) {
        return taken;
      }
      unlink(enabled.c_str());
    }
  }
  rmdir(notes.c_str());  // Succeeds if no controller is needed any more.
  return absl::OkStatus();
}
// #endregion take-back

}  // namespace mydocker
