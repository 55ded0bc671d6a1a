// Tests in a process of their own: what they do to their descriptors, signals,
// limits and identity ends with that process.

#ifndef MYDOCKER_TESTS_COMMON_FORKED_H_
#define MYDOCKER_TESTS_COMMON_FORKED_H_

#include <errno.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>

namespace mydocker {

// The user that Linux calls nobody: any user but root would do.
inline constexpr uid_t kNobody = 65534;

// Runs `body` in a forked process, in which EXPECT_… and ASSERT_… can be used.
// Their failures are printed there, and fail the test here.
inline void InFork(const std::function<void()>& body) {
  fflush(nullptr);
  const pid_t pid = fork();
  ASSERT_GE(pid, 0) << strerror(errno);
  if (pid == 0) {
    body();
    const bool failed = ::testing::Test::HasFailure();
    fflush(nullptr);
    // Not exit(): the exit handlers are for the test program, not for this
    // process.
    _exit(failed ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)), pid);
  EXPECT_FALSE(WIFSIGNALED(status))
      << "the forked process was ended by " << strsignal(WTERMSIG(status));
  EXPECT_TRUE(!WIFEXITED(status) || WEXITSTATUS(status) == 0)
      << "the forked process failed: see above";
}

// Makes the calling process an ordinary user's for the rest of its life, if it
// is root's. Use it in a forked process.
inline void BecomeOrdinaryUser() {
  if (geteuid() == 0) {
    ASSERT_EQ(setgroups(0, nullptr), 0);
    ASSERT_EQ(setresgid(kNobody, kNobody, kNobody), 0);
    ASSERT_EQ(setresuid(kNobody, kNobody, kNobody), 0);
  }
}

// Lowers the soft `resource` limit (setrlimit(2)) of the calling process.
inline void SetLimit(decltype(RLIMIT_NOFILE) resource, rlim_t value) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(resource, &limit), 0);
  limit.rlim_cur = value;
  ASSERT_EQ(setrlimit(resource, &limit), 0);
}

// Returns whether the process of `pidfd` ends within the time that the slowest
// emulated machine needs.
inline bool EndsInTime(int pidfd) {
  pollfd event = {pidfd, POLLIN, 0};
  return poll(&event, 1, 60'000) == 1;
}

// Whether the calling process has no children, not even dead ones.
inline bool HasNoChildren() {
  return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD;
}

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_COMMON_FORKED_H_
