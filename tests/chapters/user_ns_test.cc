// Chapter 5: root, without being root.

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter = {"05-user-ns",
                                  {"uts", "ipc", "pid", "mnt", "user"}};
  return chapter;
}

namespace {

INSTANTIATE_TEST_SUITE_P(UserNs, CommandContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(UserNs, ShellContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(UserNs, PidContract, kRootAndOrdinaryUser, CallerName);
INSTANTIATE_TEST_SUITE_P(UserNs, MountContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(UserNs, PropagationFlagContract, kRootAndOrdinaryUser,
                         CallerName);
INSTANTIATE_TEST_SUITE_P(UserNs, UserContract, kRootAndOrdinaryUser,
                         CallerName);

using UserNsTest = ContainerTest;

TEST_F(UserNsTest, EachOrdinaryUserIsMappedToThemselves) {
  for (const uid_t uid : {1000u, 1001u}) {
    SKIP_IF(WhyNoUserNamespaces(uid));
    Invocation invocation = {
        .args = {"sh", "-c", "cat /proc/self/uid_map /proc/self/gid_map"}};
    invocation.uid = uid;
    const Result result = Execute(invocation);
    EXPECT_THAT(result, ExitsWith(0));
    EXPECT_THAT(
        absl::StrSplit(result.out, absl::ByAnyChar(" \n"), absl::SkipEmpty()),
        testing::ElementsAre("0", std::to_string(uid), "1", "0",
                             std::to_string(uid), "1"));
  }
}

// A namespace of its own for each: user 0 of one is not user 0 of the other.
TEST_F(UserNsTest, TwoContainersHaveTwoUserNamespaces) {
  const Invocation invocation = {.args = {"sh", "-c", "echo ready; read end"}};
  Process first(invocation);
  Process second(invocation);
  ASSERT_EQ(first.ReadLine(), "ready");
  ASSERT_EQ(second.ReadLine(), "ready");
  EXPECT_THAT(NamespacesThatDiffer(FindContained(first.pid()),
                                   FindContained(second.pid())),
              testing::ContainerEq(ChapterUnderTest().namespaces));
}

}  // namespace
}  // namespace blackbox
