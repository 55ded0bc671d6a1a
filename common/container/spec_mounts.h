// From chapter 12.
//
// A Spec's mounts, in two steps: their sources are the host's, their targets
// the container's.

#ifndef MYDOCKER_COMMON_CONTAINER_SPEC_MOUNTS_H_
#define MYDOCKER_COMMON_CONTAINER_SPEC_MOUNTS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/container/spec.h"
#include "common/files/volumes.h"

namespace mydocker {

// A mount whose source is open.
struct OpenMount {
  MountSpec spec;
  UniqueFd tree;  // A bind mount, without a place yet; none for a tmpfs.
  std::optional<OpenVolume> volume;  // If the source is one.
};

// Returns the names of the volumes among the sources.
std::vector<std::string> VolumesIn(const std::vector<MountSpec>& mounts);

// Opens the sources. Call it while the host's files can be seen, and before its
// mounts are made private: an option may ask for mounts that propagate.
// Errors: those of CopyMounts, with the mount's source and target.
absl::StatusOr<std::vector<OpenMount>> OpenSources(
    const std::vector<MountSpec>& mounts);

// Mounts them in the container whose root is `root`, and fills volumes that are
// empty. Targets that are missing are made (OpenTarget).
// Errors: those of OpenTarget, FillVolume, NewTmpfs and Attach, with the
// mount's source and target.
absl::Status MountInside(const UniqueFd& root,
                         const std::vector<OpenMount>& mounts);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_SPEC_MOUNTS_H_
