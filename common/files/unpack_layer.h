// From chapter 10.
//
// From an archive of a layer to a directory as overlayfs wants it.

#ifndef MYDOCKER_COMMON_FILES_UNPACK_LAYER_H_
#define MYDOCKER_COMMON_FILES_UNPACK_LAYER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace mydocker {

// Unpacks the archive `file`, compressed or not, into the existing and empty
// directory `directory`, as a layer on those in `below`, directories with the
// lowest first. Folders that the archive does not tell of, but has files in,
// are as they are below. It takes root.
//
// Nothing is written through a link, and so nothing anywhere else: whoever made
// the archive. Of two members with one name, the later one counts.
//
// Errors: DataLoss and InvalidArgument with the member and what is wrong with
// it; the error of the tool that decompresses; those of the system calls;
// Cancelled by a signal.
absl::Status UnpackLayer(const std::string& file, const std::string& directory,
                         const std::vector<std::string>& below);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_UNPACK_LAYER_H_
