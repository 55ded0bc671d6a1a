#include "common/namespaces/hostname.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

std::string Hostname() {
  std::array<char, HOST_NAME_MAX + 1> name = {};
  EXPECT_EQ(gethostname(name.data(), name.size()), 0);
  return name.data();
}

TEST(SetHostnameTest, SetsItInTheNamespaceOnly) {
  SKIP_WITHOUT_USER_NAMESPACES();
  const std::string before = Hostname();
  InUserNamespaceAsRoot(CLONE_NEWUTS, [] {
    for (const std::string& name :
         {std::string("inside"), std::string("a b\n"), std::string(64, 'x')}) {
      EXPECT_THAT(SetHostname(name), IsOk());
      EXPECT_EQ(Hostname(), name);
    }
  });
  EXPECT_EQ(Hostname(), before);
}

TEST(SetHostnameTest, SaysHowLongItMayBe) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InUserNamespaceAsRoot(CLONE_NEWUTS, [] {
    const std::string name(65, 'x');
    EXPECT_THAT(SetHostname(name),
                AllOf(HasErrno(EINVAL), Says(name), Says("64 bytes")));
  });
}

TEST(SetHostnameTest, SeesTheKernelsRefusal) {
  InFork([] {
    BecomeOrdinaryUser();
    EXPECT_THAT(SetHostname("mine"), AllOf(HasErrno(EPERM), Says("\"mine\"")));
  });
}

}  // namespace
}  // namespace mydocker
