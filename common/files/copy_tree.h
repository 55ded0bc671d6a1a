// From chapter 12.

#ifndef MYDOCKER_COMMON_FILES_COPY_TREE_H_
#define MYDOCKER_COMMON_FILES_COPY_TREE_H_

#include "absl/status/status.h"
#include "common/base/fd.h"

namespace mydocker {

// Copies the content of the open directory `from` into the empty directory
// `to`, which nobody else uses meanwhile, and gives `to` the attributes of
// `from`: owners, permissions, times, extended attributes, holes, hard links
// among them. Symbolic links are copied, not followed; what is mounted below
// `from` is left out. `from` may be a container's, whose files others change at
// the same time: what is copied is what was opened.
// Errors: those of the system calls, with the file's name.
absl::Status CopyTree(const UniqueFd& from, const UniqueFd& to);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_COPY_TREE_H_
