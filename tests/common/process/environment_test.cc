#include "common/process/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::ElementsAre;

TEST(ParseEnvFileTest, TakesALineForAVariable) {
  const auto words = ParseEnvFile(
      "\xef\xbb\xbf"
      "A=1\n# no\n  # nor this\n\n \t B=2 \r\nC\nD=\nE=a=#\"b\"\n=F"
      "=\n");
  EXPECT_THAT(words, Says("line 9: \"=F=\" has no name"));
  EXPECT_THAT(*ParseEnvFile("\xef\xbb\xbf"
                            "A=1\n# no\n  # nor this\n\n \t B=2 \r\nC\nD=\n"
                            "E=a=#\"b\"\nLAST=\xff"),
              ElementsAre("A=1", "B=2 ", "C", "D=", "E=a=#\"b\"", "LAST=\xff"));
  EXPECT_THAT(*ParseEnvFile(""), ElementsAre());
}

TEST(ParseEnvFileTest, RefusesWhatCannotBeAVariable) {
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"A=1\n=2", "line 2: "},
           {"A B=1", "the name \"A B\" has spaces"},
           {"A\tB", "has spaces"},
           {std::string("A=\0", 3), "line 1: it has a NUL byte"},
           {std::string("\0", 1), "line 1: it has a NUL byte"}}) {
    EXPECT_THAT(ParseEnvFile(text), Says(why)) << text;
    EXPECT_THAT(ParseEnvFile(text),
                HasCode(absl::StatusCode::kInvalidArgument));
  }
}

TEST(SetVariableTest, KeepsThePlaceOfTheFirst) {
  setenv("OURS", "o=urs", 1);
  unsetenv("NOBODYS");
  Environment environment = {"A=1", "B=2"};
  for (const char* word : {"C=3", "A=4", "OURS", "NOBODYS", "B=", "AA=5"}) {
    SetVariable(environment, word);
  }
  EXPECT_THAT(environment,
              ElementsAre("A=4", "B=", "C=3", "OURS=o=urs", "AA=5"));
  EXPECT_TRUE(HasVariable(environment, "B"));
  EXPECT_FALSE(HasVariable(environment, "NOBODYS"));
  EXPECT_FALSE(HasVariable(environment, "b"));
}

TEST(SetEnvironmentTest, ReplacesAll) {
  InFork([] {
    setenv("BEFORE", "x", 1);
    SetEnvironment({"A=1=2", "B="});
    EXPECT_STREQ(environ[0], "A=1=2");
    EXPECT_STREQ(environ[1], "B=");
    EXPECT_EQ(environ[2], nullptr);
  });
}

}  // namespace
}  // namespace mydocker
