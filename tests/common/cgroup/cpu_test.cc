#include "common/cgroup/cpu.h"

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

TEST(CpuWeightTest, IsWhatRuncAndCrunPublish) {
  const struct {
    uint64_t shares;
    uint64_t weight;
  } kPublished[] = {
      // The test of opencontainers/cgroups, ConvertCPUSharesToCgroupV2Value.
      {1, 1},
      {2, 1},
      {3, 2},
      {1024, 100},
      {262143, 10000},
      {262144, 10000},
      {262145, 10000},
      // runc issue 4896.
      {2000, 170},
  };
  for (const auto& [shares, weight] : kPublished) {
    EXPECT_EQ(CpuWeightFromShares(shares), weight) << shares;
  }
}

TEST(CpuWeightTest, RisesOverTheWholeRange) {
  uint64_t last = CpuWeightFromShares(kMinCpuShares);
  EXPECT_EQ(last, 1);
  for (uint64_t shares = kMinCpuShares; shares <= kMaxCpuShares; ++shares) {
    const uint64_t weight = CpuWeightFromShares(shares);
    ASSERT_GE(weight, last) << shares;
    ASSERT_LE(weight, 10000) << shares;
    last = weight;
  }
  EXPECT_EQ(last, 10000);
}

TEST(CpuSharesFlagTest, TakesWhatTheKernelTakes) {
  for (const uint64_t shares : {2, 3, 512, 1024, 262143, 262144}) {
    CpuShares parsed;
    std::string error;
    EXPECT_TRUE(
        AbslParseFlag(AbslUnparseFlag(CpuShares{shares}), &parsed, &error));
    EXPECT_EQ(parsed.shares, shares);
    EXPECT_EQ(AbslUnparseFlag(parsed), std::to_string(shares));
  }
}

TEST(CpuSharesFlagTest, RefusesEverythingElse) {
  for (const char* text :
       {"", "0", "1", "-512", "262145", "4294967298", "18446744073709551616",
        "512.5", "512k", "0x200", "half", "5 12"}) {
    CpuShares shares{7};
    std::string error;
    EXPECT_FALSE(AbslParseFlag(text, &shares, &error)) << text;
    EXPECT_THAT(error, testing::HasSubstr("from 2 to 262144")) << text;
    EXPECT_EQ(shares.shares, 7) << text;
  }
}

struct Case {
  CgroupVersion version;
  std::string file;
  std::string value;  // For 1024 shares.
};
class CpuSubsystemTest : public testing::TestWithParam<Case> {
 protected:
  ResourceConfig Shares(uint64_t shares) const {
    ResourceConfig config;
    config.cpu_shares = shares;
    return config;
  }

  const CpuSubsystem cpu_;
  const FakeHierarchy fake_{GetParam().version};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

INSTANTIATE_TEST_SUITE_P(
    Versions, CpuSubsystemTest,
    testing::Values(Case{CgroupVersion::kV1, "cpu.shares", "1024"},
                    Case{CgroupVersion::kV2, "cpu.weight", "100"}),
    [](const auto& info) {
      return info.param.version == CgroupVersion::kV1 ? "v1" : "v2";
    });

TEST_P(CpuSubsystemTest, HasTheKernelsName) { EXPECT_EQ(cpu_.Name(), "cpu"); }

TEST_P(CpuSubsystemTest, KnowsWhenItIsAskedFor) {
  EXPECT_TRUE(cpu_.IsAskedFor(Shares(2)));
  ResourceConfig others;
  others.memory_limit = 1;
  others.cpuset = "0";
  EXPECT_FALSE(cpu_.IsAskedFor(others));
}

TEST_P(CpuSubsystemTest, WritesTheSharesOfV1OrTheWeightOfV2) {
  fake_.Write(GetParam().file, "");
  EXPECT_THAT(cpu_.Set(cgroup_, Shares(1024)), IsOk());
  EXPECT_EQ(fake_.Read(GetParam().file), GetParam().value);
}

TEST_P(CpuSubsystemTest, WritesNothingUnasked) {
  fake_.Write(GetParam().file, "77\n");
  EXPECT_THAT(cpu_.Set(cgroup_, ResourceConfig()), IsOk());
  EXPECT_EQ(fake_.Read(GetParam().file), "77\n");
}

TEST_P(CpuSubsystemTest, SeesTheKernelsRefusal) {
  EXPECT_THAT(cpu_.Set(cgroup_, Shares(1024)),
              AllOf(HasErrno(ENOENT), Says(GetParam().file)));
  fake_.Link(kRefusesWithEnospc, GetParam().file);
  EXPECT_THAT(cpu_.Set(cgroup_, Shares(1024)),
              AllOf(HasErrno(ENOSPC), Says(GetParam().file)));
}

}  // namespace
}  // namespace mydocker
