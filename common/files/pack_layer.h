// From chapter 10.
//
// Packs a directory that a container has filled into an archive of a layer.

#ifndef MYDOCKER_COMMON_FILES_PACK_LAYER_H_
#define MYDOCKER_COMMON_FILES_PACK_LAYER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace mydocker {

// What `docker history` shows of a layer.
struct LayerInfo {
  std::string id;      // "sha256:" and 64 hexadecimal digits, of the archive.
  uint64_t bytes = 0;  // In its files: what it adds to a disk.
};

// Packs the upper directory `upper` into the archive `file`, which appears, or
// is replaced, atomically when it is complete. The same directory always gives
// the same archive, whoever packs it.
//
// Opens each file once, by its name in a directory that is already open, and
// follows no link. So only files in `upper` are packed, whatever somebody does
// to it meanwhile.
//
// Errors: a container or a mount uses `upper` (CheckUse); it cannot be read, or
// changes meanwhile; it has a file whose name is a whiteout's
// (InvalidArgument); those of NewFile and write(2); Cancelled by a signal.
absl::StatusOr<LayerInfo> PackLayer(const std::string& upper,
                                    const std::string& file);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_PACK_LAYER_H_
