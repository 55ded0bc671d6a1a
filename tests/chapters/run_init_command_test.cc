// Chapter 8, `run` and `init`: which words of the command line belong to `run`
// and which to the command, and how the command reaches the container:
// arguments, PATH, descriptor 3.

#include <sys/mount.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

using RunInitCommandTest = ContainerTest;

// Starts a shell in a container with these words after its script, and returns
// all its arguments as the kernel has them.
std::vector<std::string> WordsInside(const std::vector<std::string>& words) {
  std::vector<std::string> command = {"sh", "-c", "echo ready; read end"};
  command.insert(command.end(), words.begin(), words.end());
  Process run({.args = RunWords({"-ti"}, command)});
  EXPECT_EQ(run.ReadLine(), "ready");
  std::vector<std::string> inside = ArgumentsOf(FindInit(run.pid()));
  run.Wait();
  // The shell's own words never change.
  EXPECT_GE(inside.size(), 3u);
  EXPECT_EQ(std::vector<std::string>(inside.begin(), inside.begin() + 3),
            std::vector<std::string>(command.begin(), command.begin() + 3));
  inside.erase(inside.begin(),
               inside.begin() + std::min<size_t>(3, inside.size()));
  return inside;
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
  // Not EXPECT_EQ: its message would be a hundred kilobytes long.
  EXPECT_TRUE(WordsInside(words) == words);
}

TEST_F(RunInitCommandTest, FlagsEndAtTheFirstWordThatIsNone) {
  const std::string file = MakeFile("file", "", 0644);
  EXPECT_THAT(Execute({.args = {"run", "-it", "cat"}, .input = "x\n"}),
              Prints("x\n"));
  // As the articles run it: ls -l, not run -l.
  const Result listing = Execute({.args = {"run", "-ti", "ls", "-l", file}});
  EXPECT_THAT(listing, ExitsWith(0));
  EXPECT_THAT(listing.out, StartsWith("-rw-r--r--"));

  EXPECT_THAT(
      Execute({.args = {"run", "echo", "-m", "5", "-v", "-nosuch", "run"}}),
      Prints("-m 5 -v -nosuch run\n"));
}

// common/process/executable_test.cc has the rest of PATH.
TEST_F(RunInitCommandTest, CommandIsFoundInTheCallersPath) {
  const std::string script = "#!/bin/sh\necho found\n";
  MakeFile("tool", script, 0755);
  for (const std::string& path : {TestDirectory(), std::string("/nowhere:")}) {
    EXPECT_THAT(Execute({.args = {"run", "tool"},
                         .environment = {{"PATH=" + path}},
                         .directory = TestDirectory()}),
                Prints("found\n"));
  }
}

// The rest is `init`, which only `run` may start. A mistake there would make
// the host's mounts private and cover its /proc, so the test gives it a mount
// namespace to damage.
TEST_F(RunInitCommandTest, InitByHandSaysThatRunStartsIt) {
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"init"}, {"init", "touch", "made"}}) {
    EXPECT_THAT(
        Execute({.args = args, .before_exec = HostWithMounts(MS_PRIVATE)}),
        FailsInOneLine(125, HasSubstr("run")));
    EXPECT_THAT(Execute({.args = args,
                         .open_files = {3},  // Not from `run` either.
                         .before_exec = HostWithMounts(MS_PRIVATE)}),
                FailsInOneLine(125, HasSubstr("run")));
  }
}

// Starts `init` with a pipe on descriptor 3 that holds this text and then ends.
// Whatever happens, the text must not be executed: it would make a file in the
// directory that the fixture watches.
Result RunInitWithPipe(const std::string& text) {
  return Execute(
      {.args = {"-c", "printf '%b' \"$0\" | \"$RUN\" init 3<&0 </dev/null",
                text},
       .program = "sh",
       .before_exec = HostWithMounts(MS_PRIVATE)});
}

// End of file on the pipe taken as "go": if `run` fails
// half-way, the command would run without limits.
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
