// From chapter 5.
//
// Who the caller is inside a user namespace of its own.

#ifndef MYDOCKER_COMMON_NAMESPACES_USER_MAP_H_
#define MYDOCKER_COMMON_NAMESPACES_USER_MAP_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Whom the caller's user and group are inside.
enum class UserMap {
  kRoot,  // uid 0 and gid 0.
  kNone,  // Nobody: the kernel shows an id without a map as 65534.
};

// How an Abseil flag of this type is read and written: root or none.
bool AbslParseFlag(absl::string_view text, UserMap* map, std::string* error);
std::string AbslUnparseFlag(UserMap map);

// Writes the map of the user namespace that the calling process is in, and was
// the first to enter. `uid` and `gid` are the caller's ids outside. Every id
// but these two stays without a map. Must be done before execve(2), which takes
// all capabilities from a process whose uid is not 0 inside.
// Errors: EPERM where this system restricts user namespaces.
// Source: user_namespaces(7), "User and group ID mappings"; what article 004
// (User Namespace) promises and does not do.
absl::Status WriteUserMap(UserMap map, uid_t uid, gid_t gid);

// A sysctl with which a system keeps its users from user namespaces.
struct UserNamespaceSetting {
  std::string whose;                 // "kernel", "Debian" or "Ubuntu".
  std::string name;                  // "user.max_user_namespaces"
  std::optional<std::string> value;  // Nothing: this kernel does not have it.
  bool forbids = false;              // Whether it does so with this value.
  bool forbids_root = false;         // Whether that value is also for root.
  std::string fix;                   // The command that lifts it.
};

// Returns the settings that are known, as they are now:
// user.max_user_namespaces, kernel.unprivileged_userns_clone and
// kernel.apparmor_restrict_unprivileged_userns.
std::vector<UserNamespaceSetting> ReadUserNamespaceSettings();

// Returns `error` with the name and the value of the setting that is against
// user namespaces on this system, if one is and the error can come of it.
absl::Status ExplainUserNamespaceError(const absl::Status& error);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_NAMESPACES_USER_MAP_H_
