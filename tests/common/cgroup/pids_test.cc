#include "common/cgroup/pids.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/cgroup/cgroup.h"
#include "tests/common/fake_hierarchy.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(PidsLimitFlagTest, IsANumberOfProcesses) {
  for (const uint64_t number : {uint64_t{1}, uint64_t{10}, kMaxPids}) {
    const std::string text = std::to_string(number);
    PidsLimit limit;
    std::string error;
    EXPECT_TRUE(AbslParseFlag(text, &limit, &error)) << error;
    EXPECT_EQ(limit.processes, number);
    EXPECT_EQ(AbslUnparseFlag(limit), text);
  }
}

TEST(PidsLimitFlagTest, RefusesEverythingElse) {
  for (const char* text : {"", "0", "-1", "max", "1.5", "10m", "4194305",
                           "18446744073709551617"}) {
    PidsLimit limit = {7};
    std::string error;
    EXPECT_FALSE(AbslParseFlag(text, &limit, &error)) << text;
    EXPECT_THAT(error, AllOf(HasSubstr("1"), HasSubstr("4194304")));
    EXPECT_EQ(limit.processes, 7) << text;
  }
}

class PidsSubsystemTest : public testing::TestWithParam<CgroupVersion> {
 protected:
  static ResourceConfig Limit(uint64_t processes) {
    ResourceConfig config;
    config.pids_limit = processes;
    return config;
  }

  const PidsSubsystem pids_ = PidsSubsystem();
  const FakeHierarchy fake_{GetParam()};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

INSTANTIATE_TEST_SUITE_P(Versions, PidsSubsystemTest,
                         testing::Values(CgroupVersion::kV1,
                                         CgroupVersion::kV2),
                         [](const auto& info) {
                           return info.param == CgroupVersion::kV1 ? "v1"
                                                                   : "v2";
                         });

TEST_P(PidsSubsystemTest, HasTheKernelsName) {
  EXPECT_EQ(pids_.Name(), "pids");
}

TEST_P(PidsSubsystemTest, KnowsWhenItIsAskedFor) {
  EXPECT_TRUE(pids_.IsAskedFor(Limit(1)));
  ResourceConfig others;
  others.memory_limit = 1;
  others.cpu_shares = 512;
  others.cpuset = "0";
  EXPECT_FALSE(pids_.IsAskedFor(others));
}

TEST_P(PidsSubsystemTest, WritesTheLimit) {
  fake_.Write("pids.max", "");
  EXPECT_THAT(pids_.Set(cgroup_, Limit(10)), IsOk());
  EXPECT_EQ(fake_.Read("pids.max"), "10");
}

TEST_P(PidsSubsystemTest, WritesNothingUnasked) {
  fake_.Write("pids.max", "max\n");
  EXPECT_THAT(pids_.Set(cgroup_, ResourceConfig()), IsOk());
  EXPECT_EQ(fake_.Read("pids.max"), "max\n");
}

TEST_P(PidsSubsystemTest, FailsWhereTheFileIsMissing) {
  EXPECT_THAT(pids_.Set(cgroup_, Limit(5)),
              AllOf(HasErrno(ENOENT), Says("pids.max")));
  EXPECT_FALSE(fake_.root().Has("mydocker/id/pids.max"));
}

TEST_P(PidsSubsystemTest, SeesTheKernelsRefusal) {
  fake_.Link(kRefusesWithEinval, "pids.max");
  EXPECT_THAT(pids_.Set(cgroup_, Limit(4000)),
              AllOf(HasErrno(EINVAL), Says("4000")));
}

TEST_P(PidsSubsystemTest, CountsRefusals) {
  fake_.Write("pids.events", "max 12\n");
  const absl::StatusOr<uint64_t> refusals = pids_.CountRefusals(cgroup_);
  ASSERT_THAT(refusals, IsOk());
  EXPECT_EQ(*refusals, 12);
}

}  // namespace
}  // namespace mydocker
