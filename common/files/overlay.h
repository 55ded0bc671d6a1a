// From chapter 10.
//
// overlayfs shows layers as one tree (kernel document filesystems/overlayfs).

#ifndef MYDOCKER_COMMON_FILES_OVERLAY_H_
#define MYDOCKER_COMMON_FILES_OVERLAY_H_

#include <string>

#include "absl/status/statusor.h"

namespace mydocker {

// Mounts the layers in `directory`, a LayeredFiles' path, on its directory
// merged, and returns that directory's path. Call it in the container's mount
// namespace, whose mounts are private: the mount ends with the namespace.
// Errors: those of mount(2), with what they mean for overlayfs.
absl::StatusOr<std::string> MountLayers(const std::string& directory);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_OVERLAY_H_
