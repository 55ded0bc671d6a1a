// The directories of a union, checked and opened.

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

// The layers of a union. From here on they are descriptors, not paths: they
// stay the same directories whatever is mounted or moved later.
struct Layers {
  std::vector<UniqueFd> lower;  // The highest first.
  UniqueFd upper;               // If not valid, the union is read-only.

  // Beside the upper directory and in its file system: files are made here
  // before they are moved into place. UPPER.union-work, for as long as the
  // upper directory is in use.
  UniqueFd work;
  std::string work_path;
  UniqueFd beside;   // The directory that contains both.
  DirectoryUse use;  // Keeps others from changing the layers.
  MarkForms forms;
};

// Opens the directories `lower`, the lowest first, and `upper` ("" for none),
// for a union that is to be mounted on `mount_point`. Removes unfinished work
// of a union that was killed. Errors: there is no layer; a directory is
// missing, is no directory, or contains another of them or the mount point, or
// lies in one; the upper directory is in use, is a mount point, or its file
// system cannot hold one.
absl::StatusOr<Layers> OpenLayers(const std::vector<std::string>& lower,
                                  const std::string& upper,
                                  const std::string& mount_point);

// Removes the work directory, if there is one. Errors: it is not empty; those
// of unlinkat(2).
absl::Status RemoveWork(const Layers& layers);

// Removes the tree `name` in `directory`. Returns an errno, 0 on success.
int RemoveTree(int directory, const std::string& name);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_LAYERS_H_
