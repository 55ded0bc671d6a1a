// The fixture of every black-box test: a host that a test may damage, and the
// check that it did not.

#ifndef MYDOCKER_TESTS_SUPPORT_CONTAINER_TEST_H_
#define MYDOCKER_TESTS_SUPPORT_CONTAINER_TEST_H_

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/host_state.h"

namespace blackbox {

// Skips the test if `why` (see requirements.h) is not empty.
#define SKIP_IF(why)                                                     \
  if (const std::string reason_to_skip = (why); !reason_to_skip.empty()) \
  GTEST_SKIP() << reason_to_skip

// Derive from this, or use it as it is:
//
//     using UtsNsTest = ContainerTest;
//     TEST_F(UtsNsTest, …) { … }
//
// Each test runs on a host made for it: its own UTS, IPC and mount namespaces,
// whose "/" is a shared mount, as systemd makes it. A program that forgets a
// namespace renames this host and mounts on it, not on yours. Other namespaces,
// processes and cgroups are the machine's.
//
// After each test, everything that the test has started must be gone, and every
// mount, cgroup, file, message queue and name must be as before. Any leftover
// fails the test by name, and is removed if possible.
class ContainerTest : public testing::Test {
 protected:
  // Skips the test if it is not allowed to make namespaces.
  void SetUp() override;
  void TearDown() override;

 private:
  std::unique_ptr<HostState> before_;
};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_CONTAINER_TEST_H_
