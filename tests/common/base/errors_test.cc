#include "common/base/errors.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

TEST(ErrnoErrorTest, SaysWhatWasDoneAndTheKernelsWord) {
  const absl::Status status = ErrnoError(EPERM, "mount proc on /proc");
  EXPECT_EQ(status.message(),
            "mount proc on /proc: Operation not permitted (EPERM)");
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoOf(status), EPERM);
}

TEST(ErrnoErrorTest, EndsWithTheHint) {
  EXPECT_EQ(ErrnoError(ENOENT, "open /a", "make it first").message(),
            "open /a: No such file or directory (ENOENT); make it first");
}

TEST(ErrnoErrorTest, TakesAnErrnoThatHasNoName) {
  const absl::Status status = ErrnoError(4000, "ask");
  EXPECT_THAT(status, AllOf(Says("(4000)"), HasErrno(4000)));
}

TEST(ErrnoOfTest, IsZeroForWhatCameFromNoErrno) {
  EXPECT_EQ(ErrnoOf(absl::OkStatus()), 0);
  EXPECT_EQ(ErrnoOf(absl::InternalError("no system call")), 0);
}

TEST(WithHintTest, KeepsEverythingButTheMessage) {
  const absl::Status hinted =
      WithHint(WithExitStatus(ErrnoError(EBUSY, "remove it"), 7), "wait");
  EXPECT_EQ(hinted.message(),
            "remove it: Device or resource busy (EBUSY); wait");
  EXPECT_EQ(hinted.code(), absl::ErrnoToStatusCode(EBUSY));
  EXPECT_EQ(ErrnoOf(hinted), EBUSY);
  EXPECT_EQ(ExitStatusOf(hinted), 7);
}

TEST(WithHintTest, LeavesSuccessAlone) {
  EXPECT_EQ(WithHint(absl::OkStatus(), "wait"), absl::OkStatus());
}

TEST(ExitStatusTest, IsMydockersOwnUnlessMarked) {
  EXPECT_EQ(ExitStatusOf(absl::InternalError("broken")), 125);
  EXPECT_EQ(ExitStatusOf(ErrnoError(EPERM, "mount")), 125);
}

TEST(ExitStatusTest, IsTheLastMark) {
  for (const int exit_status : {1, 42, 126, 127, 255}) {
    const absl::Status status =
        WithExitStatus(ErrnoError(EPERM, "mount"), exit_status);
    EXPECT_EQ(ExitStatusOf(status), exit_status);
    EXPECT_EQ(ErrnoOf(status), EPERM);
    EXPECT_EQ(status.message(), ErrnoError(EPERM, "mount").message());
    EXPECT_EQ(ExitStatusOf(WithExitStatus(status, 3)), 3);
  }
}

TEST(ExitStatusTest, HasDockersMeanings) {
  EXPECT_EQ(kExitMydockerFailed, 125);
  EXPECT_EQ(kExitCannotExecute, 126);
  EXPECT_EQ(kExitNotFound, 127);
}

TEST(MakeErrorTest, PutsTheSameErrorTogetherAgain) {
  const absl::Status original =
      WithExitStatus(ErrnoError(ENOEXEC, "execute /a", "hint"), 126);
  const absl::Status copy =
      MakeError(original.code(), original.message(), ErrnoOf(original),
                ExitStatusOf(original));
  EXPECT_EQ(copy, original);  // Compares codes, messages and payloads.
}

TEST(MakeErrorTest, TakesAnErrorWithoutErrno) {
  const absl::Status status =
      MakeError(absl::StatusCode::kNotFound, "nothing there", 0, 127);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "nothing there");
  EXPECT_EQ(ErrnoOf(status), 0);
  EXPECT_EQ(ExitStatusOf(status), 127);
}

struct ProgramName {
  std::string path;
  std::string line;
};
class ReportFailureTest : public testing::TestWithParam<ProgramName> {};

TEST_P(ReportFailureTest, WritesOneLineAndReturnsTheExitStatus) {
  const absl::Status failure =
      WithExitStatus(absl::NotFoundError("no such thing"), 127);
  int exit_status = 0;
  EXPECT_THAT(
      CaptureWrites(
          STDERR_FILENO,
          [&] { exit_status = ReportFailure(GetParam().path, failure); }),
      ElementsAre(GetParam().line));
  EXPECT_EQ(exit_status, 127);
}

INSTANTIATE_TEST_SUITE_P(
    Programs, ReportFailureTest,
    testing::Values(ProgramName{"mydocker", "mydocker: no such thing\n"},
                    ProgramName{"./run", "run: no such thing\n"},
                    ProgramName{"/a/b.c/run", "run: no such thing\n"}));

TEST(ReportFailureTest, KeepsTheExitStatusWithoutStandardError) {
  InFork([] {
    close(STDERR_FILENO);
    EXPECT_EQ(ReportFailure("run", WithExitStatus(absl::UnknownError("x"), 9)),
              9);
  });
}

absl::Status ReturnIfError(const absl::Status& status, int& passed) {
  RETURN_IF_ERROR(status);
  ++passed;
  return absl::OkStatus();
}

TEST(MacrosTest, ReturnIfErrorReturnsTheErrorOnly) {
  int passed = 0;
  EXPECT_THAT(ReturnIfError(absl::OkStatus(), passed), IsOk());
  EXPECT_EQ(passed, 1);
  EXPECT_THAT(ReturnIfError(ErrnoError(EIO, "read"), passed), HasErrno(EIO));
  EXPECT_EQ(passed, 1);
}

// Moves its argument: the values need not be copyable.
absl::StatusOr<int> AssignOrReturn(
    absl::StatusOr<std::unique_ptr<int>> first,
    absl::StatusOr<std::unique_ptr<int>> second) {
  ASSIGN_OR_RETURN(const std::unique_ptr<int> a, std::move(first));
  std::unique_ptr<int> b;
  ASSIGN_OR_RETURN(b, std::move(second));
  return *a + *b;
}

TEST(MacrosTest, AssignOrReturnGivesTheValueOrReturnsTheError) {
  const absl::StatusOr<int> sum =
      AssignOrReturn(std::make_unique<int>(3), std::make_unique<int>(4));
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(*sum, 7);
  EXPECT_THAT(AssignOrReturn(ErrnoError(EIO, "1"), std::make_unique<int>(1)),
              HasErrno(EIO));
  EXPECT_THAT(AssignOrReturn(std::make_unique<int>(1), ErrnoError(EPERM, "2")),
              HasErrno(EPERM));
}

TEST(WithContextTest, SaysWhatItWasAllAbout) {
  const absl::Status status =
      WithContext("pack that", ErrnoError(EIO, "read it", "try again"));
  EXPECT_EQ(status.message(),
            "pack that: read it: Input/output error (EIO); try again");
  EXPECT_EQ(ErrnoOf(status), EIO);
  EXPECT_TRUE(WithContext("pack that", absl::OkStatus()).ok());
}

}  // namespace
}  // namespace mydocker
