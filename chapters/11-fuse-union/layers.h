// The directories that a union is made of, opened and found fit.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_LAYERS_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_LAYERS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chapters/11-fuse-union/marks.h"
#include "common/base/fd.h"
#include "common/files/directory_use.h"

namespace mydocker {

// The layers of a union. From here on they are descriptors, not paths: whatever
// is mounted or moved later, these stay the same directories.
struct Layers {
  std::vector<UniqueFd> lower;  // The highest first.
  UniqueFd upper;               // Not valid: the union is read-only.

  // Beside the upper directory and in its file system: where files are made
  // before they are moved into their place. UPPER.union-work, for as long as
  // the upper directory is in use.
  UniqueFd work;
  std::string work_path;
  UniqueFd beside;   // The directory in which both are.
  DirectoryUse use;  // Nobody else changes the layers meanwhile.
  MarkForms forms;
};

// Opens the directories `lower`, the lowest first, and `upper`, unless empty,
// for a union that is to be mounted on `mount_point`. Removes what a union that
// was killed has left of its work.
// Errors: there is no layer; one is missing, no directory, or lies in another
// or around it, which the mount point must not do either; the upper directory
// is in use, a mount point, or its file system cannot hold one.
absl::StatusOr<Layers> OpenLayers(const std::vector<std::string>& lower,
                                  const std::string& upper,
                                  const std::string& mount_point);

// Removes the work directory, if there is one. Errors: it is not empty; those
// of unlinkat(2).
absl::Status RemoveWork(const Layers& layers);

// Removes the tree called `name` in `directory`. Returns an errno, 0 if it is
// done.
int RemoveTree(int directory, const std::string& name);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_LAYERS_H_
