// From chapter 7.
//
// Where a container's own files lie on the host. Chapter 10 puts some there; to
// remove what was left behind is every chapter's duty.

#ifndef MYDOCKER_COMMON_FILES_CONTAINER_FILES_H_
#define MYDOCKER_COMMON_FILES_CONTAINER_FILES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The directory of all containers' files. What is in it under a container's id
// is ours.
inline constexpr char kFilesDirectory[] = "/var/lib/mydocker";

// The directory for those of the container `id`.
std::string FilesOf(absl::string_view id);

// Removes the directory `path`, FilesOf a container, with all in it but not
// what links there lead to, except for `work`: what it leads to is overlayfs's
// and goes, too. Then removes kFilesDirectory, if no other container has files.
// What is removed already is no error. Errors: what cannot be removed.
absl::Status RemoveFiles(const std::string& path);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_CONTAINER_FILES_H_
