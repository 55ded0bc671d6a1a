// From chapter 7.
//
// A directory that all containers share, and that exists only while one of them
// needs it.

#ifndef MYDOCKER_COMMON_BASE_SHARED_DIRECTORY_H_
#define MYDOCKER_COMMON_BASE_SHARED_DIRECTORY_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"

namespace mydocker {

// Makes the directory `path` in `parent`, with these permissions minus the
// umask; makes `parent` first if it does not exist. Takes no lock: whoever
// removes an entry of `parent` also tries to remove `parent`, which succeeds
// only if it is empty; whoever makes an entry starts again if `parent` has
// disappeared meanwhile. If `path` cannot be made, removes `parent` if it is
// empty.
// Errors: those of mkdir(2): EEXIST if `path` already exists; EACCES if the
// caller is not root.
absl::Status MakeInSharedDirectory(const std::string& parent,
                                   mode_t parent_permissions,
                                   const std::string& path, mode_t permissions);

// Removes `parent` if it is empty and not a mount point.
// Errors: those of rmdir(2).
absl::Status RemoveSharedDirectory(const std::string& parent);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_SHARED_DIRECTORY_H_
