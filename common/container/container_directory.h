// From chapter 7.
//
// Records what a container consists of and who watches it, before any of it is
// made. So if `run` is killed, the next one knows what was left behind, and
// what was not.

#ifndef MYDOCKER_COMMON_CONTAINER_CONTAINER_DIRECTORY_H_
#define MYDOCKER_COMMON_CONTAINER_CONTAINER_DIRECTORY_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The directory /run/mydocker/ID. It exists as long as the container, and is
// gone after a reboot, as /run is. It stores its data in dangling symbolic
// links, since the kernel makes a link whole or not at all:
//
//     watcher  the process that removes the container when it ends: its number
//              and what else tells it from others (ProcessIdentity); or
//              "nobody", on purpose
//     cgroup   where its cgroups lie, from the root of each hierarchy
//     files    the directory of its files
//     init     its first process, once there is one
//
// A container is abandoned if its directory names a watcher, and the kernel
// says that this process has ended. Then the next container's Create, or `make
// recover`, kills its processes and removes it. Nothing else is abandoned:
// neither a container without a watcher, which lives for as long as its first
// process does and is removed by whoever started it that way; nor a cgroup
// without such a directory, which is somebody else's.
class ContainerDirectory {
 public:
  // Makes the directory of the container `id`, watched by the calling process.
  // Before that, removes abandoned containers: it checks only 16, since a start
  // must not take longer the more containers there are; what cannot be removed
  // is left for the next time.
  // Errors: EACCES if the caller is not root; EEXIST if a container with that
  // id exists; those of mkdir(2), symlink(2) and ProcessIdentity::Of.
  static absl::StatusOr<ContainerDirectory> Create(absl::string_view id);
  ContainerDirectory(ContainerDirectory&& other) noexcept
      : id_(std::exchange(other.id_, "")) {}
  ContainerDirectory& operator=(ContainerDirectory&&) = delete;
  // Calls RemoveContainer, ignoring errors, if neither Remove nor Leave has
  // been called.
  ~ContainerDirectory();

  // Records that `pid` is the container's first process. Call it before that
  // process starts the container's command, since nothing else records it.
  // Errors: those of symlink(2) and ProcessIdentity::Of.
  absl::Status SetInit(pid_t pid) const;

  // Records that nobody watches the container from now on. The destructor will
  // not remove it. Errors: those of symlink(2) and rename(2).
  absl::Status Leave();

  // Removes the directory. Call it after everything else of the container has
  // been removed. Errors: those of unlink(2) and rmdir(2).
  absl::Status Remove();

 private:
  explicit ContainerDirectory(std::string id) : id_(std::move(id)) {}

  std::string id_;  // Empty once it is not ours to remove.
};

// Kills all processes of the container `id`, and removes its cgroups, its files
// and its directory, in this order. An error stops it there, so that no process
// loses files that it still uses, and the removal can be tried again. Waits for
// processes to end, up to `limit_ms` milliseconds.
// Errors: those of RemoveCgroup and RemoveFiles; FailedPrecondition if
// something is mounted among the files, which may be the host's: `make recover`
// unmounts.
absl::Status RemoveContainer(absl::string_view id, int limit_ms);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_CONTAINER_DIRECTORY_H_
