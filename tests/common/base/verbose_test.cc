#include "common/base/verbose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/common/captured.h"

namespace mydocker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The number between the last parentheses of a step's line.
double MillisecondsIn(const std::string& line) {
  return std::stod(line.substr(line.rfind('(') + 1));
}

class VerboseTest : public testing::Test {
 protected:
  ~VerboseTest() override { SetVerbose(false); }
};

TEST_F(VerboseTest, IsOffToBeginWith) {
  EXPECT_FALSE(IsVerbose());
  EXPECT_THAT(CaptureWrites(STDERR_FILENO, [] { LogStep("a step"); }),
              IsEmpty());
}

TEST_F(VerboseTest, TellsEachStepInOneWriteToStandardError) {
  SetVerbose(true);
  EXPECT_TRUE(IsVerbose());
  EXPECT_THAT(CaptureWrites(STDERR_FILENO,
                            [] {
                              LogStep("wrote 1 to /a");
                              LogStep("removed /a");
                            }),
              ElementsAre(LogsStep("wrote 1 to /a"), LogsStep("removed /a")));
}

// The time is the step's own: not that of the steps before it.
TEST_F(VerboseTest, TellsHowLongAStepTook) {
  SetVerbose(true);
  const std::vector<std::string> told = CaptureWrites(STDERR_FILENO, [] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    LogStep("slow");
    LogStep("quick");
  });
  ASSERT_EQ(told.size(), 2u);
  EXPECT_GE(MillisecondsIn(told[0]), 200);
  EXPECT_LT(MillisecondsIn(told[1]), MillisecondsIn(told[0]));
}

TEST_F(VerboseTest, LeavesStandardOutputToTheContainer) {
  SetVerbose(true);
  EXPECT_THAT(
      CaptureWrites(
          STDOUT_FILENO,
          [] { CaptureWrites(STDERR_FILENO, [] { LogStep("a step"); }); }),
      IsEmpty());
}

TEST_F(VerboseTest, CanBeTurnedOffAgain) {
  SetVerbose(true);
  SetVerbose(false);
  EXPECT_FALSE(IsVerbose());
  EXPECT_THAT(CaptureWrites(STDERR_FILENO, [] { LogStep("a step"); }),
              IsEmpty());
}

}  // namespace
}  // namespace mydocker
