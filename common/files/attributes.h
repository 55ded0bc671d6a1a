// From chapter 10.
//
// A file's extended attributes (xattr(7)), which it may have besides content,
// owner, permissions and times: capabilities and access control lists, for
// example.

#ifndef MYDOCKER_COMMON_FILES_ATTRIBUTES_H_
#define MYDOCKER_COMMON_FILES_ATTRIBUTES_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

using Attributes = std::map<std::string, std::string>;

// Returns the path by which this process reaches an open file: that very file,
// wherever its name leads by now. For calls that take no descriptor, or none
// opened with O_PATH; with O_PATH the file may be a symbolic link itself.
std::string PathOfOpen(const UniqueFd& file);

// Returns the attributes that belong to the file: not overlayfs's own
// (trusted.overlay.…), nor the host's label (security.selinux). Returns none if
// the file system does not support attributes. Errors: those of listxattr(2)
// and getxattr(2).
absl::StatusOr<Attributes> ReadAttributes(const UniqueFd& file);

// Sets them on the file, except those that ReadAttributes leaves out. An
// attribute that the file system cannot store is logged (LogStep) and skipped.
// Errors: those of setxattr(2).
absl::Status WriteAttributes(const UniqueFd& file,
                             const Attributes& attributes);

// Gives the open `to` the owner, permissions, extended attributes and times of
// the open `from`. Errors: those of fchown(2), fchmod(2), futimens(2), and of
// the functions above.
absl::Status CopyAttributes(const UniqueFd& from, const UniqueFd& to);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_ATTRIBUTES_H_
