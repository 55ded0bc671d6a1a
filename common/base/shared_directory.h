// From chapter 7.
//
// A directory that all containers share, and that is there only while one of
// them needs it.

#ifndef MYDOCKER_COMMON_BASE_SHARED_DIRECTORY_H_
#define MYDOCKER_COMMON_BASE_SHARED_DIRECTORY_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"

namespace mydocker {

// Makes the directory `path` in `parent`, with these permissions, less the
// umask; and first `parent`, if it is not there. Takes no lock: whoever removes
// what is in `parent` also removes `parent`, which succeeds only if nobody else
// has something there; and who makes something there begins anew if `parent`
// has gone meanwhile. If `path` cannot be made, an empty `parent` is removed.
// Errors: those of mkdir(2): EEXIST if `path` is there already; EACCES for
// those who are not root.
absl::Status MakeInSharedDirectory(const std::string& parent,
                                   mode_t parent_permissions,
                                   const std::string& path, mode_t permissions);

// Removes `parent` if nobody has anything in it, and it is no mount.
// Errors: those of rmdir(2).
absl::Status RemoveSharedDirectory(const std::string& parent);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_SHARED_DIRECTORY_H_
