#include "common/process/resource_limits.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "absl/status/status.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

TEST(ParseUlimitTest, TakesOneNumberOrTwo) {
  const absl::StatusOr<ResourceLimit> both = ParseUlimit("nofile=5:6");
  ASSERT_THAT(both, IsOk());
  EXPECT_EQ(both->type, "RLIMIT_NOFILE");
  EXPECT_EQ(both->soft, 5U);
  EXPECT_EQ(both->hard, 6U);
  EXPECT_EQ(ParseUlimit("core=0")->hard, 0U);
  EXPECT_EQ(ParseUlimit("core=1:-1")->hard, kUnlimited);
  EXPECT_EQ(ParseUlimit("cpu=-1")->soft, kUnlimited);
  EXPECT_EQ(ParseUlimit("data=18446744073709551615")->soft, kUnlimited);
}

TEST(ParseUlimitTest, RefusesOthers) {
  for (const char* text : {"",
                           "=",
                           "nofile",
                           "nofile=",
                           "nofile=:",
                           "nofile=1:",
                           "nofile=:1",
                           "nofile=1:2:3",
                           "nofile=2:1",
                           "nofile=-1:5",
                           "nofile= 1",
                           "nofile=1 ",
                           "nofile=+1",
                           "nofile=-2",
                           "nofile=0x1",
                           "nofile=1k",
                           "nofile=18446744073709551616",
                           "Nofile=1",
                           "RLIMIT_NOFILE=1",
                           "x=1"}) {
    EXPECT_THAT(ParseUlimit(text), HasCode(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(SetResourceLimitsTest, AreTheKernels) {
  InFork([] {
    ASSERT_THAT(
        SetResourceLimits({{"RLIMIT_NOFILE", 5, 6}, {"RLIMIT_CORE", 0, 0}}),
        IsOk());
    rlimit limit = {};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(limit.rlim_cur, 5U);
    EXPECT_EQ(limit.rlim_max, 6U);
  });
}

TEST(SetResourceLimitsTest, SaysWhatMayNotBe) {
  InFork([] {
    BecomeOrdinaryUser();
    ASSERT_THAT(SetResourceLimits({{"RLIMIT_NOFILE", 5, 6}}), IsOk());
    const absl::Status status = SetResourceLimits({{"RLIMIT_NOFILE", 5, 7}});
    EXPECT_THAT(status, HasErrno(EPERM));
    EXPECT_THAT(status, Says("set the limit nofile to 5:7"));
    EXPECT_THAT(SetResourceLimits({{"RLIMIT_OTHER", 5, 6}}),
                HasCode(absl::StatusCode::kInvalidArgument));
  });
}

}  // namespace
}  // namespace mydocker
