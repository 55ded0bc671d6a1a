// From chapter 7.
//
// Container ids.

#ifndef MYDOCKER_COMMON_BASE_CONTAINER_ID_H_
#define MYDOCKER_COMMON_BASE_CONTAINER_ID_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Returns a new container id: 12 random hexadecimal digits, as many as Docker
// shows of its ids. Errors: those of getrandom(2).
absl::StatusOr<std::string> NewContainerId();

// Returns whether `name` has the form of an id from NewContainerId. Entries
// with such a name in our own directories are ours to remove; all others belong
// to somebody else.
bool IsContainerId(absl::string_view name);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_CONTAINER_ID_H_
