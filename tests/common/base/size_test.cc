#include "common/base/size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

constexpr uint64_t kKibi = 1024;
constexpr uint64_t kMebi = kKibi * 1024;
constexpr uint64_t kGibi = kMebi * 1024;
constexpr uint64_t kTebi = kGibi * 1024;

struct GoodSize {
  std::string text;
  uint64_t bytes;
};
class GoodSizeTest : public testing::TestWithParam<GoodSize> {};

TEST_P(GoodSizeTest, IsParsed) {
  const absl::StatusOr<uint64_t> bytes = ParseSize(GetParam().text);
  ASSERT_THAT(bytes, IsOk()) << GetParam().text;
  EXPECT_EQ(*bytes, GetParam().bytes) << GetParam().text;

  Size size;
  std::string error;
  EXPECT_TRUE(AbslParseFlag(GetParam().text, &size, &error));
  EXPECT_EQ(size.bytes, GetParam().bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, GoodSizeTest,
    testing::Values(GoodSize{"1", 1}, GoodSize{"1b", 1}, GoodSize{"1k", kKibi},
                    GoodSize{"1m", kMebi}, GoodSize{"1g", kGibi},
                    GoodSize{"1t", kTebi}, GoodSize{"7B", 7},
                    GoodSize{"7K", 7 * kKibi}, GoodSize{"7M", 7 * kMebi},
                    GoodSize{"7G", 7 * kGibi}, GoodSize{"7T", 7 * kTebi},
                    GoodSize{"100m", 104857600}, GoodSize{"512", 512},
                    GoodSize{"0100m", 104857600},
                    // The greatest for each unit: 2^63 - 1 bytes, rounded down.
                    GoodSize{"9223372036854775807", 9223372036854775807u},
                    GoodSize{"9223372036854775807b", 9223372036854775807u},
                    GoodSize{"9007199254740991k", 9007199254740991 * kKibi},
                    GoodSize{"8796093022207m", 8796093022207 * kMebi},
                    GoodSize{"8589934591g", 8589934591 * kGibi},
                    GoodSize{"8388607t", 8388607 * kTebi}));

struct BadSize {
  std::string text;
  std::string message;
};
class BadSizeTest : public testing::TestWithParam<BadSize> {};

TEST_P(BadSizeTest, IsRefused) {
  EXPECT_THAT(ParseSize(GetParam().text),
              testing::AllOf(HasCode(absl::StatusCode::kInvalidArgument),
                             Says(GetParam().message)))
      << GetParam().text;

  Size size{5};
  std::string error;
  EXPECT_FALSE(AbslParseFlag(GetParam().text, &size, &error));
  EXPECT_THAT(error, testing::HasSubstr(GetParam().message));
  EXPECT_EQ(size.bytes, 5);
}

constexpr char kForm[] = "expected a whole number";
constexpr char kTooMuch[] = "more than 2^63 - 1";
constexpr char kZero[] = "more than 0";

INSTANTIATE_TEST_SUITE_P(
    NotOfTheForm, BadSizeTest,
    testing::Values(
        BadSize{"", kForm}, BadSize{"m", kForm}, BadSize{"abc", kForm},
        BadSize{"-5", kForm}, BadSize{"+5", kForm}, BadSize{" 5", kForm},
        BadSize{"5 ", kForm}, BadSize{"5 m", kForm}, BadSize{"1.5g", kForm},
        BadSize{"100mb", kForm}, BadSize{"100mm", kForm}, BadSize{"1p", kForm},
        BadSize{"0x10", kForm}, BadSize{"1e3", kForm}, BadSize{"m100", kForm},
        BadSize{"1_000", kForm}, BadSize{std::string("1\0", 2), kForm},
        BadSize{"١٢", kForm}));

INSTANTIATE_TEST_SUITE_P(Zero, BadSizeTest,
                         testing::Values(BadSize{"0", kZero},
                                         BadSize{"00", kZero},
                                         BadSize{"0m", kZero},
                                         BadSize{"0t", kZero}));

INSTANTIATE_TEST_SUITE_P(
    TooMuch, BadSizeTest,
    testing::Values(
        BadSize{"9223372036854775808", kTooMuch},
        BadSize{"9007199254740992k", kTooMuch},
        BadSize{"8796093022208m", kTooMuch}, BadSize{"8589934592g", kTooMuch},
        BadSize{"8388608t", kTooMuch}, BadSize{"99999999999g", kTooMuch},
        // Times the unit, these would be a small number mod 2^64.
        BadSize{"18446744073709551616", kTooMuch},
        BadSize{"18014398509481985k", kTooMuch}, BadSize{"16777217t", kTooMuch},
        BadSize{std::string(100, '9'), kTooMuch}));

TEST(DescribeSizeTest, IsForAPersonToRead) {
  EXPECT_EQ(DescribeSize(104857600), "104857600 bytes (100.0 MiB)");
  EXPECT_EQ(DescribeSize(kMebi + kMebi / 2), "1572864 bytes (1.5 MiB)");
  EXPECT_EQ(DescribeSize(kMebi), "1048576 bytes (1.0 MiB)");
  EXPECT_EQ(DescribeSize(kMebi - 512), "1048064 bytes (1023.5 KiB)");
  EXPECT_EQ(DescribeSize(4096), "4096 bytes (4.0 KiB)");
  EXPECT_EQ(DescribeSize(0), "0 bytes (0.0 KiB)");
  EXPECT_EQ(DescribeSize(std::numeric_limits<uint64_t>::max()),
            "18446744073709551615 bytes (17592186044416.0 MiB)");
}

TEST(SizeFlagTest, IsWrittenAsItCanBeRead) {
  EXPECT_EQ(Size{}.bytes, 0);
  Size size;
  std::string error;
  ASSERT_TRUE(AbslParseFlag(AbslUnparseFlag(Size{kGibi}), &size, &error));
  EXPECT_EQ(size.bytes, kGibi);
}

}  // namespace
}  // namespace mydocker
