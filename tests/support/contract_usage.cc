#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/support/program.h"
#include "tests/support/usage_contract.h"

namespace blackbox {
namespace {

// A word of its own, not a part of another: "m" is not in "mydocker".
auto Mentions(const std::string& word) {
  return testing::ContainsRegex(
      absl::StrCat("(^|[^[:alnum:]])", word, "([^[:alnum:]]|$)"));
}

}  // namespace

// Not every chapter asks for it.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(UsageContract);

void PrintTo(const BadCommandLine& line, std::ostream* stream) {
  *stream << testing::PrintToString(line.args);
}

std::string BadCommandLineName(
    const testing::TestParamInfo<BadCommandLine>& info) {
  return info.param.name;
}

TEST_P(UsageContract, IsRefusedInOneLine) {
  const Result result = Execute({.args = GetParam().args});
  EXPECT_THAT(result, FailsInOneLine(125, testing::HasSubstr("mydocker")));
  for (const std::string& word : GetParam().mentions) {
    EXPECT_THAT(result.err, Mentions(word));
  }
}

}  // namespace blackbox
