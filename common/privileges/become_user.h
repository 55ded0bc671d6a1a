// From chapter 12.

#ifndef MYDOCKER_COMMON_PRIVILEGES_BECOME_USER_H_
#define MYDOCKER_COMMON_PRIVILEGES_BECOME_USER_H_

#include "absl/status/status.h"
#include "common/privileges/users.h"

namespace mydocker {

// Makes the calling process `user`'s, for good: groups first, since whoever is
// no longer root may not change them, then the user. A process that becomes
// another user than root loses its capabilities (capabilities(7)), and no
// longer dies with its parent (DieWithParentAgain).
// Errors: those of setgroups(2), setresgid(2), setresuid(2): EINVAL if the user
// namespace has no such number.
absl::Status BecomeUser(const User& user);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PRIVILEGES_BECOME_USER_H_
