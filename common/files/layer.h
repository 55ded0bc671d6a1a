// From chapter 10.
//
// A layer: added and changed files, and whiteouts for deleted ones. overlayfs's
// own whiteout is a device with the numbers 0, 0, which an archive cannot carry
// everywhere. In an archive, a layer has the OCI's form:
// https://github.com/opencontainers/image-spec/blob/main/layer.md
//
//     in an upper directory              in an archive
//     NAME, a character device 0, 0      .wh.NAME, an empty file
//     DIR with trusted.overlay.opaque    DIR/.wh..wh..opq, an empty file

#ifndef MYDOCKER_COMMON_FILES_LAYER_H_
#define MYDOCKER_COMMON_FILES_LAYER_H_

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"

namespace mydocker {

inline constexpr absl::string_view kWhiteoutPrefix = ".wh.";
inline constexpr absl::string_view kOpaqueWhiteout = ".wh..wh..opq";
// The prefix of AUFS's internal files.
inline constexpr absl::string_view kAufsPrefix = ".wh..wh.";

// Returns whether these are the attributes of a whiteout of overlayfs.
bool IsWhiteout(const struct stat& attributes);

// Makes a whiteout `name` in the open `directory`: it hides this name of lower
// layers. Errors: those of mknod(2).
absl::Status MakeWhiteout(const UniqueFd& directory, const std::string& name);

// Returns whether the open directory is opaque: it hides the content of the
// same directory in lower layers.
bool IsOpaque(const UniqueFd& directory);

// Makes the directory opaque. Errors: those of setxattr(2).
absl::Status MakeOpaque(const UniqueFd& directory);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_LAYER_H_
