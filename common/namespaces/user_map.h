// From chapter 5.
//
// Who the caller is inside its own user namespace.

#ifndef MYDOCKER_COMMON_NAMESPACES_USER_MAP_H_
#define MYDOCKER_COMMON_NAMESPACES_USER_MAP_H_

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// What the caller's user and group become inside.
enum class UserMap {
  kRoot,  // uid 0 and gid 0.
  kNone,  // Nobody: the kernel shows an id without a map as 65534.
};

// How an Abseil flag of this type is read and written: root or none.
bool AbslParseFlag(absl::string_view text, UserMap* map, std::string* error);
std::string AbslUnparseFlag(UserMap map);

// Writes the map of the calling process's user namespace, which it was the
// first to enter. `uid` and `gid` are the caller's ids outside. All other ids
// stay unmapped. Must be called before execve(2), which takes all capabilities
// from a process whose uid is not 0 inside.
// Errors: EPERM if this system restricts user namespaces.
// Source: user_namespaces(7), "User and group ID mappings"; what article 004
// (User Namespace) promises and does not do.
absl::Status WriteUserMap(UserMap map, uid_t uid, gid_t gid);

// A sysctl that can forbid users to make user namespaces.
struct UserNamespaceSetting {
  std::string whose;                 // "kernel", "Debian" or "Ubuntu".
  std::string name;                  // "user.max_user_namespaces"
  std::optional<std::string> value;  // Nothing: this kernel lacks it.
  bool forbids = false;              // Whether this value forbids them.
  bool forbids_root = false;         // Whether it forbids them to root, too.
  std::string fix;                   // The command that lifts it.
};

// Returns the current values of the known settings: user.max_user_namespaces,
// kernel.unprivileged_userns_clone and
// kernel.apparmor_restrict_unprivileged_userns.
std::vector<UserNamespaceSetting> ReadUserNamespaceSettings();

// Returns `error`, extended by the name and value of a setting that forbids
// user namespaces on this system, if there is one that can have caused the
// error.
absl::Status ExplainUserNamespaceError(const absl::Status& error);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_NAMESPACES_USER_MAP_H_
