#include "common/process/tool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/base/errors.h"
#include "common/process/supervisor.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ToolTest : public testing::Test {
 protected:
  absl::StatusOr<std::string> RunWithInput(
      const std::vector<std::string>& argv) const {
    return RunTool(argv, input_);
  }

  const TempDirectory directory_;
  const UniqueFd input_{
      open(directory_.Write("input", "some text\n").c_str(), O_RDONLY)};
};

TEST_F(ToolTest, GivesItTheFileAndReturnsWhatItWrites) {
  lseek(input_.get(), 5, SEEK_SET);
  EXPECT_EQ(RunWithInput({"cat"}).value_or("failed"), "some text\n");
  EXPECT_EQ(RunWithInput({"printf", "%s|", "a b", "", "c"}).value_or("failed"),
            "a b||c|");
  EXPECT_EQ(RunWithInput({"true"}).value_or("failed"), "");
}

// Its messages are not its result.
TEST_F(ToolTest, KeepsErrorsApart) {
  EXPECT_EQ(
      RunWithInput({"sh", "-c", "echo err >&2; echo out"}).value_or("failed"),
      "out\n");
}

TEST_F(ToolTest, TakesMoreThanAPipeHolds) {
  const absl::StatusOr<std::string> output =
      RunWithInput({"sh", "-c",
                    "head -c 1000000 /dev/zero >&2; "
                    "head -c 1000000 /dev/zero"});
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->size(), 1000000);
}

TEST_F(ToolTest, CallersSurroundingsDoNotReachIt) {
  InFork([this] {
    ASSERT_EQ(mkdir(directory_.File("gone").c_str(), 0700), 0);
    ASSERT_EQ(chdir(directory_.File("gone").c_str()), 0);
    ASSERT_EQ(rmdir(directory_.File("gone").c_str()), 0);
    setenv("PATH", "/nowhere", 1);
    setenv("LC_ALL", "zh_CN.GBK", 1);
    setenv("POSIXLY_CORRECT", "1", 1);
    umask(077);
    EXPECT_GE(dup(input_.get()), 0);
    EXPECT_EQ(RunWithInput({"env"}).value_or("failed"),
              "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:"
              "/bin\nLC_ALL=C\n");
    EXPECT_EQ(RunWithInput({"sh", "-c",
                            "umask; pwd; for fd in 3 4 5 6 7 8 9; do "
                            "test ! -e /proc/$$/fd/$fd || echo $fd; done"})
                  .value_or("failed"),
              "0022\n/\n");
  });
}

TEST_F(ToolTest, FailsAsTheToolFails) {
  EXPECT_THAT(RunWithInput({"sh", "-c",
                            "echo out; echo >&2; echo why >&2; echo more >&2; "
                            "exit 3"}),
              AllOf(Says("sh ended with exit status 3: why"),
                    MessageIs(Not(HasSubstr("more")))));
  EXPECT_THAT(RunWithInput({"false"}), Says("false ended with exit status 1"));
  EXPECT_THAT(RunWithInput({"sh", "-c", "kill -KILL $$"}), Says("137"));
}

// The tool gets its signals even if a supervisor has blocked them for us.
TEST_F(ToolTest, SignalsAreNotBlockedInIt) {
  InFork([this] {
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    for (const char* signal : {"INT", "TERM", "HUP", "PIPE"}) {
      EXPECT_THAT(
          RunWithInput(
              {"sh", "-c", std::string("kill -") + signal + " $$; exit 3"}),
          Not(Says("exit status 3")))
          << signal;
    }
  });
}

// Its result is no longer needed, so nobody waits until it has finished.
TEST_F(ToolTest, IsNotWaitedForAfterASignalToEnd) {
  InFork([this] {
    const absl::StatusOr<Supervisor> supervisor = Supervisor::Create();
    ASSERT_THAT(supervisor, IsOk());
    const absl::Status status =
        RunWithInput({"sh", "-c", "kill -TERM $PPID; exec sleep 1000"})
            .status();
    EXPECT_THAT(status, Says("interrupted by SIGTERM"));
    EXPECT_EQ(ExitStatusOf(status), 128 + SIGTERM);
    EXPECT_TRUE(HasNoChildren());
  });
}

TEST_F(ToolTest, IsEndedWithItsObject) {
  pid_t pid = 0;
  {
    absl::StatusOr<Tool> tool =
        Tool::Start({"sh", "-c", "echo $$; exec sleep 1013"}, input_);
    ASSERT_THAT(tool, IsOk());
    char number[16] = {};
    ASSERT_THAT(tool->Read(number, sizeof(number) - 1), IsOk());
    pid = atoi(number);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(ToolTest, SaysThatThereIsNone) {
  EXPECT_THAT(RunWithInput({"no-such-tool"}),
              AllOf(Says("not found"), Says("no-such-tool")));
  // 127 would mean that the user's command does not exist.
  EXPECT_EQ(ExitStatusOf(RunWithInput({"no-such-tool"}).status()),
            kExitMydockerFailed);
}

}  // namespace
}  // namespace mydocker
