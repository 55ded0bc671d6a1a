// From chapter 7.
//
// The names by which containers are told apart.

#ifndef MYDOCKER_COMMON_BASE_CONTAINER_ID_H_
#define MYDOCKER_COMMON_BASE_CONTAINER_ID_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Returns a new name for a container: 12 random hexadecimal digits, as many as
// Docker shows of its ids. Errors: those of getrandom(2).
absl::StatusOr<std::string> NewContainerId();

// Whether `name` can be one that NewContainerId has returned. What we find
// under such a name in our own directories is ours to remove; under any other
// it is somebody else's.
bool IsContainerId(absl::string_view name);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_CONTAINER_ID_H_
