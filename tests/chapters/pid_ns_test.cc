// Chapter 3: process 1.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter = {"03-pid-ns", {"uts", "ipc", "pid"}};
  return chapter;
}

namespace {

INSTANTIATE_TEST_SUITE_P(PidNs, CommandContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(PidNs, ShellContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(PidNs, PidContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(PidNs, JobControlContract, kRoot, CallerName);

using PidNsTest = ContainerTest;

// Why chapter 4 is needed: /proc is still the host's, so the process finds
// itself there under the host's number.
TEST_F(PidNsTest, ProcIsStillTheHosts) {
  Process program({.args = {"sh", "-c",
                            "read -r pid rest < /proc/self/stat; "
                            "echo $$ $pid; read end"}});
  const std::string answer = program.ReadLine();
  EXPECT_EQ(answer, "1 " + std::to_string(FindInit(program.pid())));
}

TEST_F(PidNsTest, TwoContainersEachHaveAProcessOne) {
  const Invocation invocation = {.args = {"sh", "-c", "echo $$; read end"}};
  Process first(invocation);
  Process second(invocation);
  EXPECT_EQ(first.ReadLine(), "1");
  EXPECT_EQ(second.ReadLine(), "1");
  EXPECT_THAT(
      NamespacesThatDiffer(FindInit(first.pid()), FindInit(second.pid())),
      testing::ContainerEq(ChapterUnderTest().namespaces));
}

}  // namespace
}  // namespace blackbox
