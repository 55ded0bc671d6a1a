#include "common/privileges/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(ParseUserWordsTest, TakesOneOrTwo) {
  EXPECT_EQ(ParseUserWords("ann")->user, "ann");
  EXPECT_EQ(ParseUserWords("ann")->group, "");
  EXPECT_EQ(ParseUserWords("1:wheel")->user, "1");
  EXPECT_EQ(ParseUserWords("1:wheel")->group, "wheel");
  for (const char* text : {"", ":", "a:", ":a", "a:b:c", "a::"}) {
    EXPECT_THAT(ParseUserWords(text),
                HasCode(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

constexpr char kPasswd[] =
    "root:x:0:0:root:/root:/bin/sh\n"
    "\n"
    "short:x:5\n"
    "bad:x:-1:0::/:\n"
    "bad:x:4294967295:0::/:\n"
    "ann:x:1000:100:Ann:/home/ann:/bin/sh\n"
    "ann:x:1001:101:second:/home/second:/bin/sh\n"
    "1000:x:2000:2000::/number:\n"
    "homeless:x:7:7\n"
    "last:x:8:8::/last:";  // Without a newline.
constexpr char kGroup[] =
    "root:x:0:\n"
    "wheel:x:10:ann,root\n"
    "audio:x:29:bob,ann,\n"
    "again:x:10:ann\n"
    "anna:x:30:anna\n"
    "odd:x:31\n"
    "bad:x:x:ann\n";

absl::StatusOr<Account> Find(const std::string& text) {
  return FindAccount(*ParseUserWords(text), kPasswd, kGroup);
}

TEST(FindAccountTest, ByName) {
  const absl::StatusOr<Account> ann = Find("ann");
  ASSERT_THAT(ann, IsOk());
  EXPECT_EQ(ann->user.uid, 1000U);
  EXPECT_EQ(ann->user.gid, 100U);
  EXPECT_THAT(ann->user.additional_gids, ElementsAre(100, 10, 29));
  EXPECT_EQ(ann->home, "/home/ann");
  EXPECT_EQ(Find("last")->home, "/last");
  EXPECT_EQ(Find("homeless")->home, "/");
  for (const char* name : {"nobody", "short", "bad", "an"}) {
    EXPECT_THAT(Find(name), HasCode(absl::StatusCode::kNotFound)) << name;
  }
}

TEST(FindAccountTest, ByNumber) {
  EXPECT_EQ(Find("1000")->home, "/home/ann");  // Not the user named 1000.
  EXPECT_THAT(Find("1000")->user.additional_gids, ElementsAre(100, 10, 29));
  EXPECT_EQ(Find("55")->user.uid, 55U);
  EXPECT_EQ(Find("55")->user.gid, 0U);
  EXPECT_EQ(Find("55")->home, "/");
  EXPECT_EQ(Find("4294967294")->user.uid, 4294967294U);
  for (const char* number :
       {"4294967295", "4294967296", "99999999999999999999", "0:4294967295"}) {
    EXPECT_THAT(Find(number), HasCode(absl::StatusCode::kInvalidArgument))
        << number;
  }
}

TEST(FindAccountTest, WithAGroup) {
  EXPECT_EQ(Find("ann:audio")->user.gid, 29U);
  EXPECT_THAT(Find("ann:audio")->user.additional_gids, ElementsAre(29));
  EXPECT_EQ(Find("ann:12345")->user.gid, 12345U);
  EXPECT_EQ(Find("5:odd")->user.gid, 31U);
  EXPECT_THAT(Find("ann:bad"), HasCode(absl::StatusCode::kNotFound));
}

TEST(FindAccountTest, WithoutFiles) {
  EXPECT_THAT(FindAccount({"5", "6"}, "", ""), IsOk());
  EXPECT_THAT(FindAccount({"ann", ""}, "", ""),
              HasCode(absl::StatusCode::kNotFound));
}

// The kernel would refuse more, and root may be in any number.
TEST(FindAccountTest, AsManyGroupsAsTheKernelTakes) {
  std::string groups;
  for (int i = 1; i < 70'000; ++i) {
    absl::StrAppend(&groups, "g:x:", i, ":root\n");
  }
  EXPECT_THAT(FindAccount({"root", ""}, kPasswd, groups)->user.additional_gids,
              SizeIs(65'536));
}

}  // namespace
}  // namespace mydocker
