// From chapter 7.
//
// Where a container's own files lie on the host. Chapter 10 creates some; every
// chapter removes those that were left behind.

#ifndef MYDOCKER_COMMON_FILES_CONTAINER_FILES_H_
#define MYDOCKER_COMMON_FILES_CONTAINER_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The directory of all containers' files. Entries named by a container id are
// ours.
inline constexpr char kFilesDirectory[] = "/var/lib/mydocker";

// The directory for those of the container `id`.
std::string FilesOf(absl::string_view id);

// Returns an error if something is mounted below `directory`: to remove the
// directory would remove what is mounted there, which may be anybody's.
// Errors: FailedPrecondition; those of ReadMountInfo.
absl::Status CheckNothingIsMountedIn(const std::string& directory);

// Removes the directory `path`, FilesOf a container, and its content, but not
// the targets of links in it, except for `work`: its target is overlayfs's and
// is removed, too. Then removes kFilesDirectory, if no other container has
// files. It is no error if any of it is already removed. Errors: what cannot be
// removed.
absl::Status RemoveFiles(const std::string& path);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_CONTAINER_FILES_H_
