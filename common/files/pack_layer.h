// From chapter 10.
//
// From a directory that a container has filled to an archive of a layer.

#ifndef MYDOCKER_COMMON_FILES_PACK_LAYER_H_
#define MYDOCKER_COMMON_FILES_PACK_LAYER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace mydocker {

// What `docker history` tells of a layer.
struct LayerInfo {
  std::string id;      // "sha256:" and 64 hexadecimal digits, of the archive.
  uint64_t bytes = 0;  // In its files: what it adds to a disk.
};

// Packs the upper directory `upper` into the archive `file`, which appears, or
// is replaced, in the moment when it is complete. The same directory gives the
// same archive, whoever packs it.
//
// Each file is opened once, by its name in a folder that is open already, and
// no link is followed: whatever somebody does to the directory meanwhile, what
// is packed lies in it.
//
// Errors: a container or a mount uses `upper` (CheckUse); it cannot be read, or
// changes meanwhile; it has a file whose name is a mark's (InvalidArgument);
// those of NewFile and write(2); Cancelled by a signal.
absl::StatusOr<LayerInfo> PackLayer(const std::string& upper,
                                    const std::string& file);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_PACK_LAYER_H_
