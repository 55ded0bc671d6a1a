#include "common/cgroup/cpu_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

struct GoodList {
  std::string text;
  std::set<int> cpus;
};
class GoodCpuListTest : public testing::TestWithParam<GoodList> {};

TEST_P(GoodCpuListTest, IsParsed) {
  const absl::StatusOr<std::set<int>> cpus = ParseCpuList(GetParam().text);
  ASSERT_THAT(cpus, IsOk()) << GetParam().text;
  EXPECT_EQ(*cpus, GetParam().cpus) << GetParam().text;

  CpuList list;
  std::string error;
  EXPECT_TRUE(AbslParseFlag(GetParam().text, &list, &error));
  EXPECT_EQ(list.text, GetParam().text);
  EXPECT_EQ(AbslUnparseFlag(list), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(
    Lists, GoodCpuListTest,
    testing::Values(GoodList{"", {}}, GoodList{"0", {0}}, GoodList{"7", {7}},
                    GoodList{"0-3", {0, 1, 2, 3}}, GoodList{"5-5", {5}},
                    GoodList{"0-3,7", {0, 1, 2, 3, 7}},
                    // The two examples of cpuset(7), "List format".
                    GoodList{"0-4,9", {0, 1, 2, 3, 4, 9}},
                    GoodList{"0-2,7,12-14", {0, 1, 2, 7, 12, 13, 14}},
                    GoodList{"3,1,2", {1, 2, 3}}, GoodList{"1,1", {1}},
                    GoodList{"0-2,1-3", {0, 1, 2, 3}}, GoodList{"007", {7}},
                    GoodList{"65535", {65535}}));

class BadCpuListTest : public testing::TestWithParam<std::string> {};

TEST_P(BadCpuListTest, IsRefused) {
  EXPECT_THAT(ParseCpuList(GetParam()),
              HasCode(absl::StatusCode::kInvalidArgument))
      << GetParam();

  CpuList list{"0"};
  std::string error;
  EXPECT_FALSE(AbslParseFlag(GetParam(), &list, &error));
  EXPECT_FALSE(error.empty());
  EXPECT_EQ(list.text, "0");
}

INSTANTIATE_TEST_SUITE_P(NotOfTheForm, BadCpuListTest,
                         testing::Values("a", "-", ",", "-1", "1-", "0,", ",0",
                                         "0,,1", "0-1-2", "0--1", " 0", "0 ",
                                         "0, 1", "0 - 1", "+1", "0-+1", "0x1",
                                         "1.0", "all", "0;1", "0\n"));
INSTANTIATE_TEST_SUITE_P(Backwards, BadCpuListTest,
                         testing::Values("1-0", "0,3-2", "65535-0"));
INSTANTIATE_TEST_SUITE_P(TooGreat, BadCpuListTest,
                         testing::Values("65536", "0-65536", "4294967296",
                                         "99999999999999999999",
                                         "0-99999999999999999999"));

TEST(BadCpuListTest, SaysWhatIsWrong) {
  EXPECT_THAT(ParseCpuList("0,x"), Says("\"x\""));
  EXPECT_THAT(ParseCpuList("0,3-2"), Says("3-2"));
}

}  // namespace
}  // namespace mydocker
