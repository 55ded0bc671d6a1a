// From chapter 10.
//
// A container's files in layers: read-only ones that many containers share, and
// above them a directory for what this one changes. overlayfs shows them as one
// tree (kernel document filesystems/overlayfs).

#ifndef MYDOCKER_COMMON_FILES_OVERLAY_H_
#define MYDOCKER_COMMON_FILES_OVERLAY_H_

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
// options of mount(2) short, for which the kernel has one page, and free of the
// names of layers, in which a colon or a comma would have a meaning.
//
// The directory is locked (flock(2)) for as long as its process lives: should
// its record be lost (ContainerDirectory), it is still known to be in use.
class LayeredFiles {
 public:
  // Makes it for the container `id`, from `layers`, the lowest first: each a
  // directory or a tar archive of a layer. `keep_upper` is the directory where
  // changes are kept, made if it is not there; empty: they go with the rest.
  // Without layers nothing is made.
  // Errors: a layer is missing, neither directory nor archive, or given twice;
  // there are more than overlayfs takes; `keep_upper` is no directory, a mount,
  // in a layer or around one; either is in /var/lib/mydocker, or in use
  // (DirectoryUse); those of UnpackLayer.
  static absl::StatusOr<LayeredFiles> Create(
      absl::string_view id, const std::vector<std::string>& layers,
      const std::string& keep_upper);
  LayeredFiles(LayeredFiles&& other) noexcept;
  LayeredFiles& operator=(LayeredFiles&&) = delete;
  // Removes it, if Remove has not been called; an error is lost here.
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
  // Makes the still empty `upper`, whose path is `path`, what the container's
  // "/" is to be: as that of the layers. It is on top of them.
  absl::Status BeginAsLayersDo(const UniqueFd& upper, const std::string& path);

  std::string path_;
  UniqueFd lock_;
  std::vector<std::string> places_;  // l/0, l/1, … by their paths.
  DirectoryUse use_;                 // Layers and what is kept.
};

// Mounts the layers in `directory`, a LayeredFiles' path, on its folder merged,
// and returns that folder's path. To be called in the container's mount
// namespace, whose mounts are private: with that, the mount ends.
// Errors: those of mount(2), with what they mean for overlayfs.
absl::StatusOr<std::string> MountLayers(const std::string& directory);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_OVERLAY_H_
