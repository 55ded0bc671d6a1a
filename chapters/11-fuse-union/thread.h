// Per-thread state. Linux has no threads, only processes that share things, and
// they can stop sharing: here the working directory and umask (unshare(2),
// CLONE_FS). The user as whom files are made (setfsuid(2)) never was shared.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_THREAD_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_THREAD_H_

#include <sys/types.h>

#include <functional>

#include "absl/status/status.h"

namespace mydocker {

// Calls `call`, a system call that takes a path, with `directory` as the
// working directory, so that a path without a slash is a name in it: for calls
// without a form for descriptors. AT_FDCWD leaves the working directory as it
// is. Returns the errno of `call`, 0 if its result is not negative.
int WorkIn(int directory, const std::function<ssize_t()>& call);

// Lets threads that start later act as a request's user without losing root's
// capabilities. Errors: those of prctl(2).
absl::Status KeepCapabilities();

// While this lives, files that this thread makes belong to that user and group,
// and their permissions follow that umask. Without root, files belong to the
// user who runs the program in any case.
class ActingAs {
 public:
  ActingAs(uid_t user, gid_t group, mode_t umask);
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;
  ~ActingAs();
};

// While this lives, the thread lacks the right to keep set-user-ID bits on a
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
