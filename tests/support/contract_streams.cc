// The command's file descriptors: the caller's standard streams, nothing else.

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"
#include "tests/support/terminal.h"

namespace blackbox {
namespace {

using testing::UnorderedElementsAre;

// What a descriptor leads to: "pipe:[1234]".
std::string FileBehind(pid_t pid, int fd) {
  std::error_code error;
  return std::filesystem::read_symlink(absl::StrCat("/proc/", pid, "/fd/", fd),
                                       error);
}

TEST_P(CommandContract, StandardStreamsAreTheCallers) {
  Process program(Shell("echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  const pid_t contained = FindContained(program.pid());
  for (const int stream : {0, 1, 2}) {
    EXPECT_NE(FileBehind(contained, stream), "");
    EXPECT_EQ(FileBehind(contained, stream), FileBehind(program.pid(), stream));
  }
}

TEST_P(CommandContract, InputAndOutputPassUnchanged) {
  std::string bytes;
  for (int i = 0; i < 1'000'000; ++i) {
    bytes += static_cast<char>(i % 251);  // Every alignment sees every byte.
  }
  Invocation invocation = Words({"cat"});
  invocation.input = bytes;
  const Result result = Execute(invocation);
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_TRUE(result.out == bytes) << result.out.size() << " bytes came back";
}

TEST_P(CommandContract, OutputAndErrorsAreKeptApart) {
  const Result result = Execute(Shell("echo result; echo complaint >&2"));
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_EQ(result.out, "result\n");
  EXPECT_EQ(result.err, "complaint\n");
}

// Pitfall, fault 12: what the caller or the program has open is none of the
// container's business.
TEST_P(CommandContract, OnlyTheStandardStreamsAreOpenInside) {
  Invocation invocation = Shell("echo ready; read end");
  invocation.open_files = {3, 4, 5, 9, 200};
  Process program(invocation);
  ASSERT_EQ(program.ReadLine(), "ready");
  EXPECT_THAT(OpenFiles(FindContained(program.pid())),
              UnorderedElementsAre(0, 1, 2));
}

// A program whose own pipe becomes descriptor 1 finds the command's output in
// it.
TEST_P(CommandContract, ClosedStreamsDoNotConfuse) {
  for (const std::set<int>& closed :
       {std::set<int>{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}}) {
    SCOPED_TRACE("closed: " + absl::StrJoin(closed, ", "));
    Invocation invocation = Shell("echo output; echo more >&2; exit 7");
    invocation.closed_files = closed;
    const Result result = Execute(invocation);
    EXPECT_THAT(result, ExitsWith(7));
    EXPECT_EQ(result.out, closed.count(1) ? "" : "output\n");
    // With no output to write to, a shell may well complain on its own.
    if (!closed.count(1)) {
      EXPECT_EQ(result.err, closed.count(2) ? "" : "more\n");
    }
  }
}

// What is typed is for the command: a program that dies of Ctrl-C loses the
// command's status, and here the prompt of whoever waits for it.
TEST_P(CommandContract, CtrlCIsForTheCommand) {
  // A shell that is interrupted just before it starts a command takes its trap
  // only when that command has ended: none may last.
  Terminal terminal(
      Shell("trap 'exit 3' INT; echo ready; while :; do sleep 0.1; done"));
  terminal.Expect("ready");
  terminal.Type(kCtrlC);
  EXPECT_THAT(terminal.Wait(), ExitsWith(3));
}

}  // namespace
}  // namespace blackbox
