#include "common/base/container_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::SizeIs;

TEST(NewContainerIdTest, IsTwelveHexDigitsAndNeverTheSame) {
  constexpr size_t kMany = 10'000;
  std::set<std::string> ids;
  for (size_t i = 0; i < kMany; ++i) {
    const absl::StatusOr<std::string> id = NewContainerId();
    ASSERT_THAT(id, IsOk());
    ASSERT_THAT(*id, testing::MatchesRegex("[0-9a-f]{12}"));
    ASSERT_TRUE(IsContainerId(*id)) << *id;
    ids.insert(*id);
  }
  EXPECT_THAT(ids, SizeIs(kMany));
}

TEST(IsContainerIdTest, KnowsOtherNames) {
  for (const char* name :
       {"", "by-hand", "3f1c9a02b7d", "3f1c9a02b7d4e", "3F1C9A02B7D4",
        "3f1c9a02b7g4", "3f1c9a02b7 4", "3f1c9a02b7d4\n"}) {
    EXPECT_FALSE(IsContainerId(name)) << name;
  }
  EXPECT_TRUE(IsContainerId("3f1c9a02b7d4"));
}

}  // namespace
}  // namespace mydocker
