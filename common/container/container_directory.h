// From chapter 7.
//
// What there is of a container, and who sees to it: written down before it is
// made, so that whoever comes after a `run` that was killed knows what was left
// behind, and what was not.

#ifndef MYDOCKER_COMMON_CONTAINER_CONTAINER_DIRECTORY_H_
#define MYDOCKER_COMMON_CONTAINER_CONTAINER_DIRECTORY_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The directory /run/mydocker/ID. It is there from a container's first moment
// to its last, and after a reboot it is gone, as /run is. What it says stands
// in links that lead nowhere, for the kernel makes a link whole or not at all:
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
// recover`, kills what is in it and removes it. Nothing else is abandoned:
// neither a container without a watcher, which lives for as long as its first
// process does and is removed by whoever wanted it so; nor a cgroup
// without such a directory, which is somebody else's.
class ContainerDirectory {
 public:
  // Makes the directory of the container `id`, watched by the calling process.
  // Before that, removes containers that were abandoned: of the containers that
  // there are it looks at 16, for a start must not take longer the more of them
  // there are; what cannot be removed is left for the next time.
  // Errors: EACCES for those who are not root; EEXIST if there is a container
  // of that name; those of mkdir(2), symlink(2) and ProcessIdentity::Of.
  static absl::StatusOr<ContainerDirectory> Create(absl::string_view id);
  ContainerDirectory(ContainerDirectory&& other) noexcept
      : id_(std::exchange(other.id_, "")) {}
  ContainerDirectory& operator=(ContainerDirectory&&) = delete;
  // If neither Remove nor Leave has been called: RemoveContainer, errors
  // unheard.
  ~ContainerDirectory();

  // Writes down that `pid` is the container's first process. Before that has
  // begun with the container's command, for nobody else knows of it.
  // Errors: those of symlink(2) and ProcessIdentity::Of.
  absl::Status SetInit(pid_t pid) const;

  // Writes down that nobody watches the container from now on. It is not
  // removed with this object. Errors: those of symlink(2) and rename(2).
  absl::Status Leave();

  // Removes the directory. To be called when all else of the container has been
  // removed. Errors: those of unlink(2) and rmdir(2).
  absl::Status Remove();

 private:
  explicit ContainerDirectory(std::string id) : id_(std::move(id)) {}

  std::string id_;  // Empty once it is not ours to remove.
};

// Kills all processes of the container `id`, and removes its cgroups, its files
// and its directory, in this order: an error in one keeps all that follow, so
// that nobody loses files that he still uses, and that it can be tried again.
// Waits for processes to end, up to `limit_ms` milliseconds.
// Errors: those of RemoveCgroup and RemoveFiles; FailedPrecondition if
// something is mounted among the files, which may be the host's: `make recover`
// unmounts.
absl::Status RemoveContainer(absl::string_view id, int limit_ms);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_CONTAINER_DIRECTORY_H_
