#include "common/cgroup/pids.h"

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

TEST_P(PidsSubsystemTest, CountsRefusals) {
  fake_.Write("pids.events", "max 12\n");
  const absl::StatusOr<uint64_t> refusals = pids_.CountRefusals(cgroup_);
  ASSERT_THAT(refusals, IsOk());
  EXPECT_EQ(*refusals, 12);
}

}  // namespace
}  // namespace mydocker
