#include "common/process/tool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <string>

#include "common/base/errors.h"
#include "common/process/supervisor.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

TEST(RunToolTest, ReturnsWhatItWrites) {
  EXPECT_EQ(RunTool({"printf", "%s|", "a b", "", "c"}).value_or("failed"),
            "a b||c|");
  EXPECT_EQ(RunTool({"true"}).value_or("failed"), "");
}

TEST(RunToolTest, ReturnsErrorOutputToo) {
  EXPECT_EQ(RunTool({"sh", "-c", "echo out; echo err >&2"}).value_or("failed"),
            "out\nerr\n");
}

TEST(RunToolTest, TakesMoreThanAPipeHolds) {
  const absl::StatusOr<std::string> output =
      RunTool({"head", "-c", "1000000", "/dev/zero"});
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->size(), 1000000);
}

TEST(RunToolTest, GivesItNoInput) {
  EXPECT_EQ(RunTool({"cat"}).value_or("failed"), "");
}

TEST(RunToolTest, FailsAsTheToolFails) {
  EXPECT_THAT(RunTool({"sh", "-c", "echo why; echo more; exit 3"}),
              AllOf(Says("sh ended with exit status 3: why"),
                    MessageIs(Not(testing::HasSubstr("more")))));
  EXPECT_THAT(RunTool({"false"}), Says("false ended with exit status 1"));
  EXPECT_THAT(RunTool({"sh", "-c", "kill -KILL $$"}), Says("137"));
}

TEST(RunToolTest, CtrlCEndsTheToolAndNotUs) {
  InFork([] {
    signal(SIGINT, SIG_DFL);
    EXPECT_THAT(RunTool({"sh", "-c", "kill -INT $PPID; kill -INT $$"}),
                Says("sh ended with exit status 130"));
  });
}

// Where a supervisor has blocked them for us, the tool has them even so.
TEST(RunToolTest, SignalsAreNotBlockedInIt) {
  InFork([] {
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    for (const char* signal : {"INT", "TERM", "HUP", "PIPE"}) {
      EXPECT_THAT(
          RunTool({"sh", "-c", std::string("kill -") + signal + " $$; exit 3"}),
          Not(Says("exit status 3")))
          << signal;
    }
  });
}

TEST(RunToolTest, SaysThatThereIsNone) {
  EXPECT_THAT(RunTool({"no-such-tool"}),
              AllOf(Says("not found"), Says("no-such-tool")));
  // 127 would say that the user's command is not there.
  EXPECT_EQ(ExitStatusOf(RunTool({"no-such-tool"}).status()),
            kExitMydockerFailed);
}

}  // namespace
}  // namespace mydocker
