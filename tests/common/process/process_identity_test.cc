#include "common/process/process_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "common/process/child.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

// A shell that waits until its input is closed.
Command Waiting(const Pipe& input) {
  Command command;
  command.argv = {"sh", "-c", "read forever <&3"};
  command.extra_files = {input.read_end.get()};
  return command;
}

TEST(ProcessIdentityTest, GoesThroughText) {
  const ProcessIdentity ours = *ProcessIdentity::Of(getpid());
  EXPECT_EQ(ours.pid, getpid());
  EXPECT_GT(ours.start_time, 0);
  const std::optional<ProcessIdentity> read =
      ProcessIdentity::FromText(ours.ToText());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->ToText(), ours.ToText());
  for (const char* text :
       {"", "nobody", "1", "1 2", "x 2 pid:[3]", "0 2 p", "-1 2 p", "1 x p"}) {
    EXPECT_FALSE(ProcessIdentity::FromText(text).has_value()) << text;
  }
}

TEST(ProcessIdentityTest, KnowsWhoIsGone) {
  EXPECT_FALSE(ProcessIdentity::Of(getpid())->IsGone());
  const Pipe input = *MakePipe();
  absl::StatusOr<Child> child = Start(Waiting(input));
  ASSERT_THAT(child, IsOk());
  const ProcessIdentity process = *ProcessIdentity::Of(child->pid());
  EXPECT_FALSE(process.IsGone());
  process.Kill(/*limit_ms=*/60'000);
  EXPECT_TRUE(process.IsGone());  // Nobody has waited for it: it is a zombie.
  EXPECT_EQ(child->Wait().value_or(-1), 128 + SIGKILL);
  EXPECT_TRUE(process.IsGone());
}

// Another process now has the pid.
TEST(ProcessIdentityTest, KnowsANumberThatWasGivenAgain) {
  const Pipe input = *MakePipe();
  absl::StatusOr<Child> child = Start(Waiting(input));
  ASSERT_THAT(child, IsOk());
  ProcessIdentity former = *ProcessIdentity::Of(child->pid());
  --former.start_time;
  EXPECT_TRUE(former.IsGone());
  former.Kill(/*limit_ms=*/0);
  EXPECT_FALSE(ProcessIdentity::Of(child->pid())->IsGone());
}

// There the same pids belong to other processes, or to none.
TEST(ProcessIdentityTest, DoesNotJudgeThoseOfAnotherPidNamespace) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "it takes root to make a PID namespace";
  }
  const ProcessIdentity ours = *ProcessIdentity::Of(getpid());
  InFork([&] {
    ASSERT_EQ(unshare(CLONE_NEWPID), 0);
    InFork([&] {
      EXPECT_EQ(kill(ours.pid, 0), -1);
      EXPECT_FALSE(ours.IsGone());
      // /proc is still that of the parent namespace, where pid 1 is another
      // process.
      const ProcessIdentity own = *ProcessIdentity::Of(getpid());
      EXPECT_EQ(own.pid, 1);
      EXPECT_FALSE(own.IsGone());
      ProcessIdentity known = own;
      known.start_time = 12345;
      EXPECT_FALSE(known.IsGone());
    });
  });
}

}  // namespace
}  // namespace mydocker
