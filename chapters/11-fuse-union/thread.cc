#include "chapters/11-fuse-union/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/errors.h"

namespace mydocker {
namespace {

// Gives the thread its own working directory and umask.
void StopSharing() {
  thread_local const int done = unshare(CLONE_FS);
  static_cast<void>(done);
}

bool IsRoot() {
  static const bool is_root = geteuid() == 0;
  return is_root;
}

}  // namespace

// #region work-in
int WorkIn(int directory, const std::function<ssize_t()>& call) {
  StopSharing();
  if (directory != AT_FDCWD && fchdir(directory) != 0) {
    return errno;
  }
  return call() < 0 ? errno : 0;
}
// #endregion work-in

absl::Status KeepCapabilities() {
  // The kernel drops a thread's capabilities when its user changes from root to
  // another (capabilities(7)); this setting prevents that.
  if (IsRoot() &&
      prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) {
    return ErrnoError(errno, "keep capabilities when the user changes");
  }
  return absl::OkStatus();
}

// #region acting-as
ActingAs::ActingAs(uid_t user, gid_t group, mode_t umask) {
  StopSharing();
  ::umask(umask);
  if (IsRoot()) {
    setfsgid(group);
    setfsuid(user);
  }
}

ActingAs::~ActingAs() {
  if (IsRoot()) {
    setfsuid(0);
    setfsgid(0);
  }
  ::umask(0);
}
// #endregion acting-as

void WithoutSetIdRight::SetRight(bool has) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) == 0) {
    const uint32_t bit = CAP_TO_MASK(CAP_FSETID);
    data[0].effective = has ? data[0].effective | (data[0].permitted & bit)
                            : data[0].effective & ~bit;
    syscall(SYS_capset, &header, data);
  }
}

}  // namespace mydocker
