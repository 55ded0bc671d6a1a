#include "common/verbose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/common/captured.h"

namespace mydocker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class VerboseTest : public testing::Test {
 protected:
  ~VerboseTest() override { SetVerbose(false); }
};

TEST_F(VerboseTest, IsOffToBeginWith) {
  EXPECT_FALSE(IsVerbose());
  EXPECT_THAT(CaptureWrites(STDERR_FILENO, [] { Tell("a step"); }), IsEmpty());
}

TEST_F(VerboseTest, TellsEachStepInOneWriteToStandardError) {
  SetVerbose(true);
  EXPECT_TRUE(IsVerbose());
  EXPECT_THAT(
      CaptureWrites(STDERR_FILENO,
                    [] {
                      Tell("wrote 1 to /a");
                      Tell("removed /a");
                    }),
      ElementsAre("mydocker: wrote 1 to /a\n", "mydocker: removed /a\n"));
}

TEST_F(VerboseTest, LeavesStandardOutputToTheContainer) {
  SetVerbose(true);
  EXPECT_THAT(CaptureWrites(
                  STDOUT_FILENO,
                  [] { CaptureWrites(STDERR_FILENO, [] { Tell("a step"); }); }),
              IsEmpty());
}

TEST_F(VerboseTest, CanBeTurnedOffAgain) {
  SetVerbose(true);
  SetVerbose(false);
  EXPECT_FALSE(IsVerbose());
  EXPECT_THAT(CaptureWrites(STDERR_FILENO, [] { Tell("a step"); }), IsEmpty());
}

}  // namespace
}  // namespace mydocker
