// From chapter 10.
//
// A layer as a file: a tar archive with what was added and changed, and a mark
// for what was deleted. That is how images travel, and the form is the OCI's:
// https://github.com/opencontainers/image-spec/blob/main/layer.md
//
// overlayfs marks what was deleted in its own way, which no archive can carry
// everywhere: a device with the numbers 0, 0. So packing and unpacking
// translate.
//
//     in an upper directory              in an archive
//     NAME, a character device 0, 0      .wh.NAME, an empty file
//     DIR with trusted.overlay.opaque    DIR/.wh..wh..opq, an empty file

#ifndef MYDOCKER_COMMON_FILES_LAYER_H_
#define MYDOCKER_COMMON_FILES_LAYER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mydocker {

// What `docker history` tells of a layer.
struct LayerInfo {
  std::string id;      // "sha256:" and 64 hexadecimal digits, of the archive.
  uint64_t bytes = 0;  // In its files: what it adds to a disk.
};

// Packs the upper directory `upper` into the archive `file`, which appears, or
// is replaced, in the moment when it is complete. The same directory gives the
// same archive.
// Errors: `upper` cannot be read; it has a file whose name is a mark's
// (InvalidArgument); those of tar.
absl::StatusOr<LayerInfo> PackLayer(const std::string& upper,
                                    const std::string& file);

// Whether nothing of the layers below `directory`, itself a layer, is to be
// seen: an archive says so by .wh..wh..opq at its top. overlayfs looks for that
// mark in folders only, not at the root of a layer.
bool HidesAllBelow(const std::string& directory);

// Unpacks the archive `file`, compressed or not, into the existing and empty
// directory `directory`, as overlayfs wants a layer. It takes root.
// Errors: those of tar, for what is no archive; those of mknod(2), setxattr(2).
absl::Status UnpackLayer(const std::string& file, const std::string& directory);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_LAYER_H_
