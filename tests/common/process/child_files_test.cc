// A child has open 0, 1, 2 and its extra files, and nothing else.

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/fd.h"
#include "common/process/child.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

// Prints the descriptors that the shell has open, in a line. The descriptor of
// the directory that it reads for this is closed again when it checks each
// number.
constexpr char kListFiles[] =
    "for f in /proc/$$/fd/*; do [ -e \"$f\" ] && printf '%s ' \"${f##*/}\"; "
    "done";

// Prints the name of the file behind each of $@, in a line.
constexpr char kNameFiles[] =
    "for n; do printf '%s ' \"$(readlink /proc/$$/fd/$n | "
    "sed 's|.*/||')\"; done";

class ExtraFilesTest : public testing::Test {
 protected:
  // Opens the file `name` as the descriptor `fd`, which children inherit unless
  // something prevents it.
  void OpenAs(const std::string& name, int fd) {
    UniqueFd file(
        open(directory_.Write(name, "").c_str(), O_RDONLY | O_CLOEXEC));
    const UniqueFd high(fcntl(file.get(), F_DUPFD_CLOEXEC, 200));
    file.Close();  // It may have the requested number itself.
    ASSERT_EQ(dup2(high.get(), fd), fd);
  }

  // Returns the output of a shell that runs `script` with these extra files.
  std::string Print(const std::string& script, std::vector<int> extra_files,
                    std::vector<std::string> arguments = {}) {
    Command command;
    command.argv = {"sh", "-c", script, "sh"};
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    command.extra_files = std::move(extra_files);
    return TextOf(command);
  }

  // Returns the output of `command`.
  static std::string TextOf(const Command& command) {
    const absl::StatusOr<Output> output = RunForOutput(command);
    EXPECT_THAT(output, IsOk());
    return output.ok() ? output->text : "";
  }

  TempDirectory directory_;
};

TEST_F(ExtraFilesTest, NoOthersAreOpen) {
  InFork([this] {
    OpenAs("leak", 3);
    OpenAs("leak", 4);
    OpenAs("leak", 77);
    EXPECT_EQ(Print(kListFiles, {}), "0 1 2 ");
    EXPECT_EQ(Print(kListFiles, {77}), "0 1 2 3 ");
    EXPECT_EQ(Print(kListFiles, {77, 3}), "0 1 2 3 4 ");
    // The caller still has them.
    EXPECT_EQ(fcntl(3, F_GETFD), 0);
    EXPECT_EQ(fcntl(77, F_GETFD), 0);
  });
}

TEST_F(ExtraFilesTest, WhatAStepLeavesOpenIsClosedToo) {
  Command command;
  command.argv = {"sh", "-c", kListFiles};
  command.in_child = {[] {
    // The way the steps of this project open their files.
    fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 50);
    return absl::OkStatus();
  }};
  const absl::StatusOr<Output> output = RunForOutput(command);
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->text, "0 1 2 ");
}

// The numbers that the files a, b, c have in the caller, in that order.
class ExtraFilesNumbersTest
    : public ExtraFilesTest,
      public testing::WithParamInterface<std::vector<int>> {};

TEST_P(ExtraFilesNumbersTest, DoNotGetInEachOthersWay) {
  InFork([this] {
    std::string expected;
    std::vector<std::string> numbers;
    for (size_t i = 0; i < GetParam().size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      OpenAs(name, GetParam()[i]);
      expected += name + " ";
      numbers.push_back(std::to_string(3 + i));
    }
    EXPECT_EQ(Print(kNameFiles, GetParam(), numbers), expected);
  });
}

INSTANTIATE_TEST_SUITE_P(
    Numbers, ExtraFilesNumbersTest,
    testing::Values(std::vector<int>{3}, std::vector<int>{4},
                    std::vector<int>{9}, std::vector<int>{3, 4},
                    std::vector<int>{4, 3}, std::vector<int>{4, 5},
                    std::vector<int>{5, 3, 4}, std::vector<int>{4, 5, 3},
                    std::vector<int>{5, 4, 3}, std::vector<int>{90, 3, 91}));

// The program's own file has one of the numbers that the extra files get, for
// each count of them. Afterwards none of them is the program.
TEST_F(ExtraFilesTest, DoNotOverwriteTheProgram) {
  InFork([this] {
    OpenAs("a", 80);
    for (const int number : {3, 4, 5, 6}) {
      const UniqueFd shell(open("/bin/sh", O_RDONLY | O_CLOEXEC));
      ASSERT_EQ(dup3(shell.get(), 100, O_CLOEXEC), 100);
      ASSERT_EQ(dup3(100, number, O_CLOEXEC), number);
      for (size_t count = 0; count <= 4; ++count) {
        Command command;
        command.program_file = number;
        command.argv = {"sh", "-c", kNameFiles, "sh", "3", "4", "5", "6", "7"};
        command.argv.resize(4 + count);
        command.extra_files = std::vector<int>(count, 80);
        std::string expected;
        for (size_t i = 0; i < count; ++i) {
          expected += "a ";
        }
        EXPECT_EQ(TextOf(command), expected) << number << ", " << count;
        command.argv = {"sh", "-c", kListFiles};
        EXPECT_EQ(TextOf(command).size(), 2 * (3 + count));
      }
      close(number);
    }
  });
}

TEST_F(ExtraFilesTest, CanBeOneFileTwice) {
  InFork([this] {
    OpenAs("a", 4);
    EXPECT_EQ(Print(kNameFiles, {4, 4}, {"3", "4"}), "a a ");
  });
}

TEST_F(ExtraFilesTest, CanBeAStandardStream) {
  InFork([this] {
    OpenAs("a", 0);
    EXPECT_EQ(Print(kNameFiles, {0}, {"0", "3"}), "a a ");
  });
}

TEST_F(ExtraFilesTest, AreAnErrorIfTheyAreNotOpen) {
  InFork([this] {
    Command command;
    command.argv = {"touch", directory_.File("started")};
    command.extra_files = {0, 500};
    EXPECT_THAT(Start(command), AllOf(HasErrno(EBADF), Says("500")));
    EXPECT_FALSE(directory_.Has("started"));
    EXPECT_TRUE(HasNoChildren());
  });
}

}  // namespace
}  // namespace mydocker
