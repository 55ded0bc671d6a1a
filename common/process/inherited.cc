#include "common/process/inherited.h"

#include <errno.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/errors.h"

namespace mydocker {

// #region drop
absl::Status DropInherited() {
  // No name: other processes could join a named keyring.
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 &&
      errno != ENOSYS) {
    return ErrnoError(errno, "join a new session keyring");
  }
  if (setgroups(0, nullptr) != 0) {
    return ErrnoError(errno, "leave the caller's supplementary groups");
  }
  umask(022);
  return absl::OkStatus();
}
// #endregion drop

}  // namespace mydocker
