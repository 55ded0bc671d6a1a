// A terminal of the test's own, with a keyboard to type on.

#ifndef MYDOCKER_TESTS_COMMON_TERMINAL_H_
#define MYDOCKER_TESTS_COMMON_TERMINAL_H_

#include <errno.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <functional>

#include "common/base/fd.h"
#include "tests/common/forked.h"

namespace mydocker {

// Makes a forked process the foreground of a new terminal, which is its
// standard input, and runs `body` in it with a function that types a character.
inline void InTerminal(
    const std::function<void(const std::function<void(char)>& type)>& body) {
  int keyboard = -1;
  int terminal = -1;
  if (openpty(&keyboard, &terminal, nullptr, nullptr, nullptr) != 0) {
    GTEST_SKIP() << "no pseudo terminal here: " << strerror(errno);
  }
  const UniqueFd keyboard_owner(keyboard);
  const UniqueFd terminal_owner(terminal);
  InFork([&] {
    ASSERT_NE(setsid(), -1) << strerror(errno);
    ASSERT_EQ(ioctl(terminal, TIOCSCTTY, 0), 0) << strerror(errno);
    ASSERT_EQ(dup2(terminal, STDIN_FILENO), STDIN_FILENO);
    body([keyboard](char c) { ASSERT_EQ(write(keyboard, &c, 1), 1); });
  });
}

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_COMMON_TERMINAL_H_
