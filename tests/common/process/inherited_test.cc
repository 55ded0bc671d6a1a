#include "common/process/inherited.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

// In a user namespace without a map no process may change its groups.
TEST(DropInheritedTest, SaysWhatItCannotLeave) {
  InFork([] {
    ASSERT_EQ(unshare(CLONE_NEWUSER), 0);
    EXPECT_THAT(DropInherited(), AllOf(HasErrno(EPERM), Says("groups")));
  });
}

}  // namespace
}  // namespace mydocker
