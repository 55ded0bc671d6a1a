// The command's arguments, environment and directory, and where our flags end.

#include <algorithm>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommandContract);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ShellContract);

// Pitfall, fault 10: arguments joined with spaces, empty ones lost, argv[0]
// missing or doubled. The kernel knows what the process was executed with.
TEST_P(CommandContract, ArgumentsArriveByteForByte) {
  const std::vector<std::string> command = {
      "sh",       "-c",    "echo ready; read end",
      "zeroth",   "a b",   "",
      "c\nd",     "'",     "\"",
      "\\",       "$HOME", "*",
      "--",       "-x",    " \t ",
      "\xff\x01", "é",     ""};
  Process program(Words(command));
  ASSERT_EQ(program.ReadLine(), "ready");
  EXPECT_THAT(ArgumentsOf(FindContained(program.pid())),
              ElementsAreArray(command));
}

TEST_P(CommandContract, OneLongArgumentArrivesWhole) {
  std::string text;
  while (text.size() < 100'000) {
    text += RandomName();
  }
  EXPECT_THAT(Execute(Words({"printf", "%s", text})), Prints(text));
}

TEST_P(CommandContract, ManyArgumentsArriveInOrder) {
  std::vector<std::string> words = {"printf", "%s\n"};
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    words.push_back("argument" + std::to_string(i));
    expected += words.back() + "\n";
  }
  EXPECT_THAT(Execute(Words(words)), Prints(expected));
}

TEST_P(CommandContract, FlagsBehindTheCommandAreItsOwn) {
  EXPECT_THAT(Execute(Words({"echo", "-n", "x"})), Prints("x"));
  // Where it starts there is nothing to be listed.
  EXPECT_THAT(Execute(Words({"ls", "-l"})), Prints("total 0\n"));
}

TEST_P(CommandContract, TwoDashesEndTheFlags) {
  EXPECT_THAT(Execute(Words({"--", "echo", "x"})), Prints("x\n"));
  // Only the first ones are ours.
  EXPECT_THAT(Execute(Words({"--", "printf", "%s,", "--", "-v", "--"})),
              Prints("--,-v,--,"));
  EXPECT_THAT(Execute(Words({"printf", "%s,", "--", "x"})), Prints("--,x,"));
}

TEST_P(ShellContract, CommandIsAShellUnlessGiven) {
  for (const std::vector<std::string>& no_command :
       {std::vector<std::string>{}, {"--"}}) {
    Invocation invocation = Words(no_command);
    invocation.input = "echo $((40 + 2)); exit 3\n";
    const Result result = Execute(invocation);
    EXPECT_THAT(result, ExitsWith(3));
    EXPECT_EQ(result.out, "42\n");
  }
}

TEST_P(CommandContract, UnknownFlagIsRefused) {
  EXPECT_THAT(Execute(Words({"-nonsense", "echo", "x"})),
              FailsInOneLine(125, HasSubstr("nonsense")));
  EXPECT_THAT(Execute(Words({"--nonsense=1", "echo", "x"})),
              FailsInOneLine(125, HasSubstr("nonsense")));
}

TEST_P(CommandContract, EnvironmentIsTheCallers) {
  const std::vector<std::string> environment = {
      "PATH=/usr/bin:/bin", "EMPTY=", "TWO=a\nb", "EQUALS=a=b",
      "NAME=" + RandomName()};
  Invocation invocation = Words({"env", "-0"});
  invocation.environment = environment;
  const Result result = Execute(invocation);
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_THAT(std::vector<std::string>(
                  absl::StrSplit(result.out, '\0', absl::SkipEmpty())),
              UnorderedElementsAreArray(environment));
}

TEST_P(CommandContract, DirectoryIsTheCallers) {
  EXPECT_THAT(Execute(Words({"pwd", "-P"})), Prints(WatchedDirectory() + "\n"));
}

}  // namespace
}  // namespace blackbox
