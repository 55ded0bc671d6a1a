// From chapter 10.
//
// A container's files in layers: read-only ones that many containers share, and
// above them a directory for this container's changes. MountLayers (overlay.h)
// shows them as one tree.

#ifndef MYDOCKER_COMMON_FILES_LAYERED_FILES_H_
#define MYDOCKER_COMMON_FILES_LAYERED_FILES_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"
#include "common/files/directory_use.h"

namespace mydocker {

// The directory /var/lib/mydocker/ID, for as long as this object lives:
//
//     l/0, l/1, …  the layers, the lowest first: links to directories, or
//                  directories with what an archive held
//     upper        what the container has changed, or a link to where that is
//                  to be kept
//     work         a directory that overlayfs needs beside it, or a link
//     merged       where it is mounted, in the container only
//
// Docker has the same below /var/lib/docker/overlay2. The links keep the
// options of mount(2) short, since the kernel accepts only one page of them,
// and free of layer names, in which a colon or a comma would have a meaning.
//
// The directory is locked (flock(2)) for as long as its process lives, so that
// it is known to be in use even if its record is lost (ContainerDirectory).
class LayeredFiles {
 public:
  // Makes it for the container `id`, from `layers`, the lowest first: each a
  // directory or a tar archive of a layer. `keep_upper` is the directory where
  // changes are kept, made if it does not exist; empty: they are removed with
  // the rest. Without layers, makes nothing.
  // Errors: a layer is missing, neither directory nor archive, or given twice;
  // there are more than overlayfs takes; `keep_upper` is no directory, a mount,
  // in a layer or around one; either is in /var/lib/mydocker, or in use
  // (DirectoryUse); those of UnpackLayer.
  static absl::StatusOr<LayeredFiles> Create(
      absl::string_view id, const std::vector<std::string>& layers,
      const std::string& keep_upper);
  LayeredFiles(LayeredFiles&& other) noexcept;
  LayeredFiles& operator=(LayeredFiles&&) = delete;
  // Removes it, if Remove has not been called; ignores errors.
  ~LayeredFiles();

  // The directory; empty without layers.
  const std::string& path() const { return path_; }

  // Removes the directory and all in it, but not what links there lead to.
  // Errors: what cannot be removed.
  absl::Status Remove();

 private:
  LayeredFiles() = default;
  absl::Status AddLayers(const std::vector<std::string>& layers);
  absl::Status AddUpper(const std::vector<std::string>& layers,
                        const std::string& keep_upper);
  // Gives the empty `upper`, whose path is `path`, the attributes of the
  // layers' root: as the topmost directory it becomes the container's "/".
  absl::Status InheritRoot(const UniqueFd& upper, const std::string& path);

  std::string path_;
  UniqueFd lock_;
  std::vector<std::string> layer_paths_;  // l/0, l/1, … by their paths.
  DirectoryUse use_;                      // Layers and what is kept.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_LAYERED_FILES_H_
