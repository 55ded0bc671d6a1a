// Chapter 8, `run` and `init`: which words of the command line are whose, and
// the way of the command into the container: arguments, PATH, descriptor 3.

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"08-run-init",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

using RunInitCommandTest = ContainerTest;

// Starts a shell in a container with these words behind its script, and returns
// all its words as the kernel has them.
std::vector<std::string> WordsInside(const std::vector<std::string>& words) {
  std::vector<std::string> command = {"sh", "-c", "echo ready; read end"};
  command.insert(command.end(), words.begin(), words.end());
  Process run({.args = RunWords({"-ti"}, command)});
  EXPECT_EQ(run.ReadLine(), "ready");
  std::vector<std::string> inside = ArgumentsOf(FindInit(run.pid()));
  run.Wait();
  // Those of the shell itself are as constant as argv[0].
  EXPECT_GE(inside.size(), 3u);
  EXPECT_EQ(std::vector<std::string>(inside.begin(), inside.begin() + 3),
            std::vector<std::string>(command.begin(), command.begin() + 3));
  inside.erase(inside.begin(),
               inside.begin() + std::min<size_t>(3, inside.size()));
  return inside;
}

// pitfalls: fault 10, arguments joined with spaces, empty ones lost, argv[0]
// missing or doubled. Looked at in /proc/PID/cmdline: the kernel's own record.
TEST_F(RunInitCommandTest, ArgumentsArriveByteForByte) {
  std::vector<std::string> words = {
      "a b",          "",     "  ",  "c\nd", "\"",   "'",        "\\",
      "$HOME",        "`id`", "*",   "\t",   "-m",   "5",        "--",
      "-ti",          "",     "{}",  ";",    "\xff", "\xc3\x28", "caf\xc3\xa9",
      "\x01\x02\x7f", "%s",   "\r\n"};
  EXPECT_EQ(WordsInside(words), words);
}

TEST_F(RunInitCommandTest, NoArgumentsArriveAsNone) {
  EXPECT_THAT(WordsInside({}), IsEmpty());
  EXPECT_EQ(WordsInside({""}), std::vector<std::string>{""});
}

TEST_F(RunInitCommandTest, HundredKilobytesOfArgumentsArrive) {
  std::mt19937 random(std::random_device{}());
  // Every byte but the null, which ends an argument.
  std::uniform_int_distribution<int> byte(1, 255);
  std::uniform_int_distribution<size_t> size(0, 200);
  std::vector<std::string> words;
  // One longer than the pipe holds, 64 kB, and many short ones.
  words.emplace_back();
  for (int i = 0; i < 70000; ++i) {
    words.back() += static_cast<char>(byte(random));
  }
  for (size_t total = words.back().size(); total < 110000;) {
    words.emplace_back(size(random), 'x');
    for (char& c : words.back()) {
      c = static_cast<char>(byte(random));
    }
    total += words.back().size();
  }
  // Not EXPECT_EQ: a hundred kilobytes are no message.
  EXPECT_TRUE(WordsInside(words) == words);
}

TEST_F(RunInitCommandTest, FlagsEndAtTheFirstWordThatIsNone) {
  const std::string file = MakeFile("file", "", 0644);
  // As the articles run it: ls -l, not run -l.
  const Result listing = Execute({.args = {"run", "-ti", "ls", "-l", file}});
  EXPECT_THAT(listing, ExitsWith(0));
  EXPECT_THAT(listing.out, StartsWith("-rw-r--r--"));

  EXPECT_THAT(
      Execute({.args = {"run", "echo", "-m", "5", "-v", "-nosuch", "run"}}),
      Prints("-m 5 -v -nosuch run\n"));
}

TEST_F(RunInitCommandTest, FlagsEndAtTwoDashes) {
  EXPECT_THAT(Execute({.args = {"run", "-ti", "--", "echo", "--", "-ti"}}),
              Prints("-- -ti\n"));
  // Only the first is ours, and a command may begin with a dash.
  const std::string name = "-" + RandomName();
  MakeFile(name, "#!/bin/sh\necho \"$0 $*\"\n", 0755);
  EXPECT_THAT(Execute({.args = {"run", "--", name, "--"},
                       .environment = std::vector<std::string>{absl::StrCat(
                           "PATH=", TestDirectory(), ":/usr/bin:/bin")}}),
              Prints(absl::StrCat(TestDirectory(), "/", name, " --\n")));
}

// A script that says which of several it is.
std::string Saying(const std::string& word) {
  return absl::StrCat("#!/bin/sh\necho ", word, "\n");
}

TEST_F(RunInitCommandTest, CommandWithSlashIsAPath) {
  const std::string word = RandomName();
  const std::string path = MakeFile("tool", Saying(word), 0755);
  EXPECT_THAT(Execute({.args = {"run", path}}), Prints(word + "\n"));
  EXPECT_THAT(
      Execute({.args = {"run", "./tool"}, .directory = TestDirectory()}),
      Prints(word + "\n"));
  EXPECT_THAT(Execute({.args = {"run", "../tool"},
                       .directory =
                           [] {
                             std::filesystem::create_directory(TestDirectory() +
                                                               "/below");
                             return TestDirectory() + "/below";
                           }()}),
              Prints(word + "\n"));
}

// PATH as POSIX has it (XBD 8.3): directories, the first that has the command
// wins, and an empty one is the working directory.
class RunInitPathTest : public RunInitCommandTest {
 protected:
  void SetUp() override {
    RunInitCommandTest::SetUp();
    std::filesystem::create_directory(TestDirectory() + "/one");
    std::filesystem::create_directory(TestDirectory() + "/two");
  }

  // Runs the container's command "tool" with this PATH, or without one.
  static Result RunTool(const std::optional<std::string>& path,
                        const std::string& directory = "") {
    std::vector<std::string> environment;
    if (path.has_value()) {
      environment.push_back("PATH=" + *path);
    }
    return Execute({.args = {"run", "tool"},
                    .environment = environment,
                    .directory = directory});
  }

  static std::string Directory(const std::string& name) {
    return absl::StrCat(TestDirectory(), "/", name);
  }
};

TEST_F(RunInitPathTest, FirstDirectoryWins) {
  MakeFile("one/tool", Saying("one"), 0755);
  MakeFile("two/tool", Saying("two"), 0755);
  EXPECT_THAT(RunTool(Directory("one") + ":" + Directory("two")),
              Prints("one\n"));
  EXPECT_THAT(RunTool(Directory("none") + ":" + Directory("two") + ":" +
                      Directory("one")),
              Prints("two\n"));
}

TEST_F(RunInitPathTest, WhatCannotBeExecutedIsPassedOver) {
  MakeFile("one/tool", Saying("one"), 0644);
  MakeFile("two/tool", Saying("two"), 0755);
  EXPECT_THAT(RunTool(Directory("one") + ":" + Directory("two")),
              Prints("two\n"));
  std::filesystem::remove(Directory("one/tool"));
  std::filesystem::create_directory(Directory("one/tool"));
  EXPECT_THAT(RunTool(Directory("one") + ":" + Directory("two")),
              Prints("two\n"));
}

TEST_F(RunInitPathTest, WhatIsFoundButUnfitIsToldFromWhatIsNotFound) {
  MakeFile("one/tool", Saying("one"), 0644);
  EXPECT_THAT(RunTool(Directory("one") + ":" + Directory("two")),
              FailsInOneLine(126, HasSubstr(Directory("one/tool"))));
  EXPECT_THAT(RunTool(Directory("two")),
              FailsInOneLine(127, HasSubstr("tool")));
}

TEST_F(RunInitPathTest, EmptyDirectoryIsTheWorkingDirectory) {
  MakeFile("one/tool", Saying("one"), 0755);
  for (const std::string path :
       {"", ":/nonexistent", "/nonexistent:", "/nonexistent::/nowhere"}) {
    EXPECT_THAT(RunTool(path, Directory("one")), Prints("one\n"))
        << "PATH=" << path;
  }
  EXPECT_THAT(RunTool("/nonexistent", Directory("one")), ExitsWith(127));
}

TEST_F(RunInitPathTest, WithoutPathThereAreTheUsualPlaces) {
  EXPECT_THAT(Execute({.args = {"run", "echo", "found"},
                       .environment = std::vector<std::string>{}}),
              Prints("found\n"));
}

// The rest is `init`, which only `run` may start. A mistake there would make
// the host's mounts private and cover its /proc, so it gets a mount namespace
// to spoil.
bool EnterMountsToSpoil() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

TEST_F(RunInitCommandTest, InitByHandSaysThatRunStartsIt) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"init"}, {"init", "touch", "made"}}) {
    EXPECT_THAT(Execute({.args = args, .before_exec = EnterMountsToSpoil}),
                FailsInOneLine(125, HasSubstr("run")));
    EXPECT_THAT(Execute({.args = args,
                         .open_files = {3},  // Which is not from run either.
                         .before_exec = EnterMountsToSpoil}),
                FailsInOneLine(125, HasSubstr("run")));
  }
}

// Starts `init` with a pipe on descriptor 3 that holds this text and then ends.
// Whatever becomes of it, the text must not be executed: the name of the file
// that it makes is in the directory that the fixture watches.
Result RunInitWithPipe(const std::string& text) {
  return Execute(
      {.args = {"-c", "printf '%b' \"$0\" | \"$RUN\" init 3<&0 </dev/null",
                text},
       .program = "sh",
       .before_exec = EnterMountsToSpoil});
}

// pitfalls: fault 2, end of file on the pipe taken as "go": run has failed
// half-way, and the command would run without limits.
TEST_F(RunInitCommandTest, InitAbortsWhenThePipeEndsTooEarly) {
  EXPECT_THAT(RunInitWithPipe(""), FailsInOneLine(125, HasSubstr("run")));
}

TEST_F(RunInitCommandTest, InitAbortsOnAMessageThatIsNone) {
  for (const char* text : {"x", "touch made", "touch\\0000made\\0000",
                           "touch made\\n", "\\0000\\0000\\0000\\0000",
                           "\\0002\\0000\\0000\\0000touch\\0000made\\0000",
                           "[\"touch\",\"made\"]"}) {
    EXPECT_THAT(RunInitWithPipe(text), FailsInOneLine(125, HasSubstr("run")))
        << text;
  }
}

}  // namespace
}  // namespace blackbox
