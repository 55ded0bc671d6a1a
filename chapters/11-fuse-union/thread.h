// What a thread can have for itself. Linux knows no threads, only processes
// that share things, and what they share they may cease to share: here the
// working directory with the umask (unshare(2), CLONE_FS), and the user as whom
// files are made (setfsuid(2)), which never was shared.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_THREAD_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_THREAD_H_

#include <sys/types.h>

#include <functional>

#include "absl/status/status.h"

namespace mydocker {

// Calls `call`, a system call that takes a path, with `directory` as the
// working directory, so that a path without a slash is a name in it: for those
// that have no form with a descriptor. AT_FDCWD: wherever it is. Returns the
// errno of `call`, 0 if its result is not negative.
int WorkIn(int directory, const std::function<ssize_t()>& call);

// Lets threads that start after this take on the user of a request without
// losing the capabilities of root. Errors: those of prctl(2).
absl::Status KeepCapabilities();

// While this lives, files that this thread makes belong to that user and group,
// and get permissions as that umask has it. For others than root they are
// theirs in any case.
class ActingAs {
 public:
  ActingAs(uid_t user, gid_t group, mode_t umask);
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;
  ~ActingAs();
};

// While this lives, the thread has not the right to leave set-user-ID bits on a
// file that it writes to (CAP_FSETID).
class WithoutSetIdRight {
 public:
  WithoutSetIdRight() { SetRight(false); }
  WithoutSetIdRight(const WithoutSetIdRight&) = delete;
  WithoutSetIdRight& operator=(const WithoutSetIdRight&) = delete;
  ~WithoutSetIdRight() { SetRight(true); }

 private:
  static void SetRight(bool has);
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_THREAD_H_
