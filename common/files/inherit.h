// From chapter 10.
//
// Some directories are in a layer only because it has files in them. Such a
// directory takes owner, permissions, attributes and times from the layers
// below: in an overlay, those of the topmost directory count.

#ifndef MYDOCKER_COMMON_FILES_INHERIT_H_
#define MYDOCKER_COMMON_FILES_INHERIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/fd.h"

namespace mydocker {

// Gives the open `directory` the owner, permissions, attributes and times of
// the directory `name` as the layers `below` (paths of directories, the lowest
// first) together show it. `name` is relative and without links, "" for their
// root. If they show no such directory, it becomes root's, with the permissions
// 0755.
// Errors: those of fchown(2), fchmod(2), WriteAttributes.
absl::Status Inherit(const std::vector<std::string>& below,
                     const std::string& name, const UniqueFd& directory);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_INHERIT_H_
