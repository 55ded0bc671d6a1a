// From chapter 10.
//
// Unpacks an archive of a layer into a directory in overlayfs's form.

#ifndef MYDOCKER_COMMON_FILES_UNPACK_LAYER_H_
#define MYDOCKER_COMMON_FILES_UNPACK_LAYER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace mydocker {

// Unpacks the archive `file`, compressed or not, into the existing and empty
// directory `directory`, as a layer on those in `below`, directories with the
// lowest first. Directories that have files in the archive, but no entry of
// their own, are as they are below. Requires root.
//
// Writes nothing through a link, and so nothing outside `directory`, whoever
// made the archive. Of two members with the same name, the later one counts.
//
// Errors: DataLoss and InvalidArgument, with the member and its fault; the
// error of the tool that decompresses; those of the system calls; Cancelled by
// a signal.
absl::Status UnpackLayer(const std::string& file, const std::string& directory,
                         const std::vector<std::string>& below);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_UNPACK_LAYER_H_
