#include "common/cgroup/cpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

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

}  // namespace
}  // namespace mydocker
