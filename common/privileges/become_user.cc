#include "common/privileges/become_user.h"

#include <errno.h>
#include <grp.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {

// #region become-user
absl::Status BecomeUser(const User& user) {
  if (setgroups(user.additional_gids.size(), user.additional_gids.data()) !=
      0) {
    return ErrnoError(errno, "set the additional groups");
  }
  // Real, effective and saved: no way back.
  if (setresgid(user.gid, user.gid, user.gid) != 0) {
    return ErrnoError(errno, absl::StrCat("become group ", user.gid));
  }
  if (setresuid(user.uid, user.uid, user.uid) != 0) {
    return ErrnoError(errno, absl::StrCat("become user ", user.uid));
  }
  return absl::OkStatus();
}
// #endregion become-user

}  // namespace mydocker
