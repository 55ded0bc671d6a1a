// From chapter 10.
//
// A file's extended attributes (xattr(7)): what it may have beside content,
// owner, permissions and times. Capabilities are one, access control lists
// another.

#ifndef MYDOCKER_COMMON_FILES_ATTRIBUTES_H_
#define MYDOCKER_COMMON_FILES_ATTRIBUTES_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

using Attributes = std::map<std::string, std::string>;

// The path by which this process finds the file that it has open: the very
// file, wherever its name leads by now. For calls that take no descriptor, or
// none that was opened with O_PATH; such a one may be a symbolic link itself.
std::string PathOfOpen(const UniqueFd& file);

// Returns those that belong to the file: not those in which overlayfs keeps its
// books (trusted.overlay.…), nor the host's label for it (security.selinux).
// A file system that has no attributes has none. Errors: those of listxattr(2)
// and getxattr(2).
absl::StatusOr<Attributes> ReadAttributes(const UniqueFd& file);

// Gives them to the file, but those that ReadAttributes leaves out. One that
// the file system cannot store is told (LogStep) and left out, too.
// Errors: those of setxattr(2).
absl::Status WriteAttributes(const UniqueFd& file,
                             const Attributes& attributes);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_ATTRIBUTES_H_
