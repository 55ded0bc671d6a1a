#include "common/base/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "common/base/size.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

ABSL_FLAG(bool, yes, false, "help on yes");
ABSL_FLAG(mydocker::Size, size, mydocker::Size{}, "help on size");
ABSL_FLAG(std::string, name, "nobody", "help on name");
ABSL_FLAG(mydocker::Strings, each, mydocker::Strings{}, "help on each");
ABSL_FLAG(int, two_words, 0, "help on two-words");

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

using Words = std::vector<std::string>;

const FlagSet kFlags = {{}, {{"y", "yes"}, {"mem", "size"}}};

// The values of the flags after a command line.
struct Flags {
  bool yes = false;
  uint64_t size = 0;
  std::string name = "nobody";
};

struct Line {
  Words words;
  Words command;
  Flags flags;
};
// Every test that sets flags does it in a process of its own, so that each
// begins with the flags as they are defined.
class ParseFlagsTest : public testing::TestWithParam<Line> {};

TEST_P(ParseFlagsTest, SetsTheFlagsAndLeavesTheCommandAlone) {
  InFork([] {
    const absl::StatusOr<Words> command = ParseFlags(GetParam().words, kFlags);
    ASSERT_THAT(command, IsOk());
    SCOPED_TRACE(testing::PrintToString(GetParam().words));
    EXPECT_EQ(*command, GetParam().command);
    EXPECT_EQ(absl::GetFlag(FLAGS_yes), GetParam().flags.yes);
    EXPECT_EQ(absl::GetFlag(FLAGS_size).bytes, GetParam().flags.size);
    EXPECT_EQ(absl::GetFlag(FLAGS_name), GetParam().flags.name);
  });
}

INSTANTIATE_TEST_SUITE_P(
    TheCommand, ParseFlagsTest,
    testing::Values(
        Line{{}, {}, {}}, Line{{"ls"}, {"ls"}, {}},
        Line{{"ls", "-l"}, {"ls", "-l"}, {}},
        Line{{"-yes", "ls", "-yes", "-size", "5"},
             {"ls", "-yes", "-size", "5"},
             {.yes = true}},
        Line{{"--", "-yes"}, {"-yes"}, {}},
        Line{{"-yes", "--", "ls", "--", "-l"},
             {"ls", "--", "-l"},
             {.yes = true}},
        Line{{"ls", "--", "-l"}, {"ls", "--", "-l"}, {}},
        Line{{"--", "--"}, {"--"}, {}}, Line{{"--"}, {}, {}},
        Line{{"-yes"}, {}, {.yes = true}},
        Line{{"-", "-yes"}, {"-", "-yes"}, {}},
        Line{{"", "-yes"}, {"", "-yes"}, {}},
        Line{{"-yes", "", "a b", "\n"}, {"", "a b", "\n"}, {.yes = true}},
        Line{{"a=b", "-yes"}, {"a=b", "-yes"}, {}}));

INSTANTIATE_TEST_SUITE_P(
    TheFlags, ParseFlagsTest,
    testing::Values(Line{{"-size", "5", "ls"}, {"ls"}, {.size = 5}},
                    Line{{"--size", "5", "ls"}, {"ls"}, {.size = 5}},
                    Line{{"-size=5", "ls"}, {"ls"}, {.size = 5}},
                    Line{{"--size=5", "ls"}, {"ls"}, {.size = 5}},
                    Line{{"--yes", "-size", "1k", "-name=x", "ls"},
                         {"ls"},
                         {.yes = true, .size = 1024, .name = "x"}},
                    Line{{"-name=a=b"}, {}, {.name = "a=b"}},
                    Line{{"-name", "-yes", "ls"}, {"ls"}, {.name = "-yes"}},
                    Line{{"-name", "--", "ls"}, {"ls"}, {.name = "--"}},
                    Line{{"-name", "a b", "ls"}, {"ls"}, {.name = "a b"}}));

INSTANTIATE_TEST_SUITE_P(
    Bools, ParseFlagsTest,
    testing::Values(Line{{"-yes=true", "ls"}, {"ls"}, {.yes = true}},
                    Line{{"-yes=false", "ls"}, {"ls"}, {}},
                    // A bool does not take the word after it.
                    Line{{"-yes", "false"}, {"false"}, {.yes = true}}));

INSTANTIATE_TEST_SUITE_P(
    Aliases, ParseFlagsTest,
    testing::Values(Line{{"-y", "ls"}, {"ls"}, {.yes = true}},
                    Line{{"--y=false", "ls"}, {"ls"}, {}},
                    Line{{"-mem", "5", "ls"}, {"ls"}, {.size = 5}},
                    Line{{"--mem=5", "ls"}, {"ls"}, {.size = 5}}));

INSTANTIATE_TEST_SUITE_P(
    TheLastOneCounts, ParseFlagsTest,
    testing::Values(Line{{"-size", "5", "-size", "6"}, {}, {.size = 6}},
                    Line{{"-size", "5", "-mem=6", "ls"}, {"ls"}, {.size = 6}},
                    Line{{"-yes", "-yes=false", "ls"}, {"ls"}, {}}));

// A C++ name cannot contain a dash, and nobody types an underscore on a command
// line.
TEST(FlagOfTwoWordsTest, IsWrittenWithADash) {
  for (const char* word : {"-two-words", "--two-words", "-two_words"}) {
    InFork([word] {
      EXPECT_THAT(ParseFlags({word, "5", "ls"}), IsOk());
      EXPECT_EQ(absl::GetFlag(FLAGS_two_words), 5) << word;
    });
  }
  EXPECT_THAT(ParseFlags({"-two-words", "x", "ls"}),
              Says("'x' specified for flag 'two-words'"));
  EXPECT_THAT(ParseFlags({"-two-words"}),
              Says("flag 'two-words' needs a value"));
  EXPECT_THAT(HelpPage("run"), HasSubstr("  -two-words\n"));
}

TEST(StringsFlagTest, HasAllThatWereGiven) {
  InFork([] {
    EXPECT_THAT(ParseFlags({"-each", "a b", "-yes", "-each=", "x"}),
                Says("flag 'each' needs a value"));
    EXPECT_THAT(ParseFlags({"-each=c,d", "-each", "e:f\n", "--each=c,d", "ls"}),
                IsOk());
    EXPECT_THAT(absl::GetFlag(FLAGS_each).values,
                ElementsAre("a b", "c,d", "e:f\n", "c,d"));
  });
  EXPECT_THAT(absl::GetFlag(FLAGS_each).values, testing::IsEmpty());
}

struct BadLine {
  Words words;
  std::string message;
};
class BadFlagsTest : public testing::TestWithParam<BadLine> {};

TEST_P(BadFlagsTest, AreRefused) {
  InFork([] {
    EXPECT_THAT(ParseFlags(GetParam().words, kFlags),
                AllOf(HasCode(absl::StatusCode::kInvalidArgument),
                      Says(GetParam().message)));
  });
}

INSTANTIATE_TEST_SUITE_P(
    Unknown, BadFlagsTest,
    testing::Values(BadLine{{"-x", "ls"}, "unknown flag 'x'"},
                    BadLine{{"--x=5", "ls"}, "unknown flag 'x'"},
                    BadLine{{"-yes", "-yess", "ls"}, "unknown flag 'yess'"},
                    BadLine{{"-notti", "ls"}, "unknown flag 'notti'"},
                    BadLine{{"-TI", "ls"}, "unknown flag 'TI'"},
                    BadLine{{"---yes", "ls"}, "unknown flag"},
                    BadLine{{"-=5", "ls"}, "unknown flag"},
                    BadLine{{"-5", "ls"}, "unknown flag '5'"}));
INSTANTIATE_TEST_SUITE_P(
    Missing, BadFlagsTest,
    testing::Values(BadLine{{"-size"}, "flag 'size' needs a value"},
                    BadLine{{"-yes", "--mem"}, "flag 'size' needs a value"}));
INSTANTIATE_TEST_SUITE_P(
    Empty, BadFlagsTest,
    testing::Values(BadLine{{"-size=", "ls"}, "flag 'size' needs a value"},
                    BadLine{{"-size", "", "ls"}, "flag 'size' needs a value"},
                    BadLine{{"-name=", "ls"}, "flag 'name' needs a value"},
                    BadLine{{"-name", "", "ls"}, "flag 'name' needs a value"},
                    BadLine{{"-yes=", "ls"}, "flag 'yes' needs a value"}));
// With the explanation of the flag's type.
INSTANTIATE_TEST_SUITE_P(
    Refused, BadFlagsTest,
    testing::Values(
        BadLine{{"-size", "abc", "ls"},
                "'abc' specified for flag 'size'; expected"},
        BadLine{{"-size", "-5", "ls"},
                "'-5' specified for flag 'size'; expected"},
        BadLine{{"-mem=0", "ls"}, "'0' specified for flag 'size'; a size must"},
        BadLine{{"-size", "--", "ls"}, "'--' specified for flag 'size'"},
        BadLine{{"-yes=maybe", "ls"}, "'maybe' specified for flag 'yes'"}));

TEST(FlagSetTest, AnotherCommandsFlagIsUnknown) {
  const FlagSet flags = {{"yes", "two_words"}, {{"y", "yes"}}};
  EXPECT_THAT(ParseFlags({"-size", "5", "ls"}, flags),
              Says("unknown flag 'size'"));
  const std::string page = HelpPage("run", flags);
  EXPECT_THAT(page,
              AllOf(HasSubstr("  -two-words\n"), Not(HasSubstr("  -size"))));
  InFork([&flags] { EXPECT_THAT(ParseFlags({"-y", "ls"}, flags), IsOk()); });
}

TEST(FlagSetTest, OfOneOfDockersFlagsItSaysWhatThereIsInstead) {
  EXPECT_THAT(ParseFlags({"--rm", "ls"}), Says("leaves nothing behind"));
  // Where there is no such flag: chapter 12 has it.
  EXPECT_THAT(ParseFlags({"-v", "/a:/b", "ls"}, {{"size"}, {}}),
              Says("-verbose"));
}

TEST(ParseFlagsWithoutAliasesTest, KnowsNoOtherSpelling) {
  EXPECT_THAT(ParseFlags({"-mem", "5"}), Says("unknown flag 'mem'"));
  EXPECT_THAT(ParseFlags({"-x"}, {{}, {{"x", "not-there"}}}),
              Says("unknown flag"));
}

TEST(AsksForHelpTest, LooksAtTheFirstWordOnly) {
  EXPECT_TRUE(AsksForHelp({"-h"}));
  EXPECT_TRUE(AsksForHelp({"-help"}));
  EXPECT_TRUE(AsksForHelp({"--help", "ls"}));
  EXPECT_FALSE(AsksForHelp({}));
  EXPECT_FALSE(AsksForHelp({"ls", "--help"}));
  EXPECT_FALSE(AsksForHelp({"-yes", "-h"}));
  EXPECT_FALSE(AsksForHelp({"help"}));
  EXPECT_FALSE(AsksForHelp({"--", "-h"}));
}

TEST(HelpPageTest, ShowsTheUsageAndEveryFlagInOrder) {
  const std::string page = HelpPage("run [FLAGS] COMMAND", kFlags);
  EXPECT_THAT(page, StartsWith("Usage: run [FLAGS] COMMAND\n"));
  EXPECT_THAT(page,
              AllOf(HasSubstr("-size, -mem\n"), HasSubstr("help on size\n"),
                    HasSubstr("-name\n"), HasSubstr("help on name\n"),
                    HasSubstr("-yes, -y\n"), HasSubstr("help on yes\n")));
  EXPECT_LT(page.find("help on name\n"), page.find("help on size\n"));
  EXPECT_LT(page.find("help on name\n"), page.find("help on yes\n"));
  EXPECT_THAT(HelpPage("run"), Not(HasSubstr("-mem")));
}

// ParseCommandLine on `words`, which include the program's name.
absl::StatusOr<Words> ParseWords(Words words, const Words& fallback) {
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  return ParseCommandLine(static_cast<int>(words.size()), argv.data(),
                          "run [FLAGS] [COMMAND]", fallback);
}

TEST(ParseCommandLineTest, ReturnsTheCommand) {
  InFork([] {
    const absl::StatusOr<Words> command =
        ParseWords({"./run", "-size=5", "ls", "-l"}, {"sh"});
    ASSERT_THAT(command, IsOk());
    EXPECT_THAT(*command, ElementsAre("ls", "-l"));
    EXPECT_EQ(absl::GetFlag(FLAGS_size).bytes, 5);
  });
}

TEST(ParseCommandLineTest, FallsBackWhereNoCommandIsGiven) {
  InFork([] {
    // execve(2) can start a program without even its own name.
    for (const Words& words : {Words{}, Words{"./run"}, Words{"./run", "-yes"},
                               Words{"./run", "--"}}) {
      const absl::StatusOr<Words> command = ParseWords(words, {"sh", "-i"});
      ASSERT_THAT(command, IsOk());
      EXPECT_THAT(*command, ElementsAre("sh", "-i"));
    }
  });
}

TEST(ParseCommandLineTest, DoesNotFallBackForAnEmptyCommand) {
  const absl::StatusOr<Words> command = ParseWords({"./run", ""}, {"sh"});
  ASSERT_THAT(command, IsOk());
  EXPECT_THAT(*command, ElementsAre(""));
}

TEST(ParseCommandLineTest, ReturnsTheErrorsOfParseFlags) {
  EXPECT_THAT(ParseWords({"./run", "-x"}, {"sh"}), Says("unknown flag 'x'"));
}

TEST(ParseCommandLineTest, AnswersARequestForHelpAndEnds) {
  for (const char* word : {"-h", "-help", "--help"}) {
    const std::vector<std::string> writes = CaptureWrites(STDOUT_FILENO, [&] {
      InFork([&] {
        // Not reached: the process ends with success.
        [[maybe_unused]] const absl::StatusOr<Words> command =
            ParseWords({"./run", word}, {"sh"});
        _exit(2);
      });
    });
    EXPECT_THAT(writes, ElementsAre(HelpPage("run [FLAGS] [COMMAND]")));
  }
}

}  // namespace
}  // namespace mydocker
