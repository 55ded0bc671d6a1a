// User namespaces for tests: root's powers over one's own kernel objects,
// without being root.

#ifndef MYDOCKER_TESTS_COMMON_USER_NAMESPACE_H_
#define MYDOCKER_TESTS_COMMON_USER_NAMESPACE_H_

#include <gtest/gtest.h>
#include <sched.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

#include "absl/status/status.h"
#include "common/namespaces/user_map.h"
#include "tests/common/forked.h"

namespace mydocker {

// Returns whether the caller may make user namespaces, and other namespaces in
// them. (Ubuntu 24.04 allows the former only.)
inline bool UserNamespacesWork() {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(unshare(CLONE_NEWUSER) == 0 && unshare(CLONE_NEWUTS) == 0 ? 0 : 1);
  }
  int status = 0;
  return TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)) == pid && status == 0;
}

// Runs `body` in a forked process that has just entered its own user namespace,
// and the namespaces in `flags`; outside it was `uid` and `gid`.
inline void InUserNamespace(
    int flags, const std::function<void(uid_t uid, gid_t gid)>& body) {
  InFork([&] {
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    ASSERT_EQ(unshare(CLONE_NEWUSER | flags), 0) << strerror(errno);
    body(uid, gid);
  });
}

// The same, but as root of the user namespace.
inline void InUserNamespaceAsRoot(int flags,
                                  const std::function<void()>& body) {
  InUserNamespace(flags, [&](uid_t uid, gid_t gid) {
    ASSERT_EQ(WriteUserMap(UserMap::kRoot, uid, gid), absl::OkStatus());
    body();
  });
}

}  // namespace mydocker

#define SKIP_WITHOUT_USER_NAMESPACES()                                    \
  if (!::mydocker::UserNamespacesWork()) {                                \
    GTEST_SKIP() << "this system does not let this user make namespaces"; \
  }

// Docker mounts /proc/sys read-only in its own containers. Otherwise root of a
// user namespace may write the limits of that namespace there.
#define SKIP_WITHOUT_WRITABLE_PROC_SYS()                                     \
  if (struct statvfs proc_sys = {};                                          \
      statvfs("/proc/sys", &proc_sys) != 0 || proc_sys.f_flag & ST_RDONLY) { \
    GTEST_SKIP() << "/proc/sys is read-only here";                           \
  }

#endif  // MYDOCKER_TESTS_COMMON_USER_NAMESPACE_H_
