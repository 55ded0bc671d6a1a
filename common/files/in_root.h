// From chapter 12.
//
// Files of a container, opened by paths that its image and its processes may
// have filled with traps: symbolic links that lead out, or that change between
// two looks. The kernel itself keeps each step below the root (openat2(2),
// RESOLVE_IN_ROOT), and what is opened is used by its descriptor.

#ifndef MYDOCKER_COMMON_FILES_IN_ROOT_H_
#define MYDOCKER_COMMON_FILES_IN_ROOT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// Opens "/", to be `root` below. Errors: those of open(2).
absl::StatusOr<UniqueFd> OpenRoot();

// Opens `path` as a process would whose root directory is `root`: "/" and ".."
// and symbolic links lead to places in it, wherever they point. Links of /proc
// that stand for open files, such as /proc/self/fd/3 and /proc/self/root, are
// refused. `flags` are those of open(2); `more` adds RESOLVE_… flags.
// Errors: those of openat2(2): ELOOP for such a link of /proc.
absl::StatusOr<UniqueFd> OpenInRoot(const UniqueFd& root,
                                    const std::string& path, uint64_t flags,
                                    uint64_t more = 0);

// Returns the content of the ordinary file `path`; empty if there is none.
// Errors: it is not an ordinary file; it has more than `limit` bytes.
absl::StatusOr<std::string> ReadInRoot(const UniqueFd& root,
                                       const std::string& path, size_t limit);

// What something is to be mounted on.
struct Target {
  UniqueFd file;  // Opened with O_PATH.
  bool is_new = false;
};

// Opens `path`, absolute and without "." and "..", to be mounted on. Makes what
// is missing: the last part as a directory or as an empty file, the others as
// directories, each with the owner of its parent, as far as that is possible
// without a name that could have been exchanged: what is not new and empty
// keeps its owner.
// Errors: those of openat2(2) and mkdirat(2), EROFS for example; it leads to
// the root itself; it leads into a proc file system, whose files are the
// kernel's (CVE-2019-19921, CVE-2025-52565: a container that could cover them
// would have its protection there switched off); a link on the way leads
// nowhere; it is a directory and should be none, or the reverse.
absl::StatusOr<Target> OpenTarget(const UniqueFd& root, const std::string& path,
                                  bool is_directory);

// Makes the directory `path` if it is missing, and those above it, all of them
// root's, as Docker does with a working directory. Errors: as OpenTarget.
absl::Status MakeDirectoryInRoot(const UniqueFd& root, const std::string& path);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_IN_ROOT_H_
