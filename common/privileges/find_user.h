// From chapter 12.

#ifndef MYDOCKER_COMMON_PRIVILEGES_FIND_USER_H_
#define MYDOCKER_COMMON_PRIVILEGES_FIND_USER_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/privileges/users.h"

namespace mydocker {

// Returns the user that `text`, USER[:GROUP], asks for, according to the
// /etc/passwd and /etc/group of the container whose root is `root`; root if it
// is empty. Files that are missing count as empty. Errors: those of
// ParseUserWords, FindAccount and ReadInRoot.
absl::StatusOr<Account> FindUser(const UniqueFd& root, const std::string& text);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PRIVILEGES_FIND_USER_H_
