// From chapter 10.
//
// What a directory is like that a layer only has because there is something in
// it: as the layers below have it. In an overlay the topmost one counts.

#ifndef MYDOCKER_COMMON_FILES_INHERIT_H_
#define MYDOCKER_COMMON_FILES_INHERIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/fd.h"

namespace mydocker {

// Gives the open `directory` owner, permissions, attributes and times of what
// the layers `below`, paths of directories and the lowest first, together show
// as the directory `name`: relative, without links, "" for their root. If they
// show none, it is root's and has the permissions 0755.
// Errors: those of fchown(2), fchmod(2), WriteAttributes.
absl::Status Inherit(const std::vector<std::string>& below,
                     const std::string& name, const UniqueFd& directory);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_INHERIT_H_
