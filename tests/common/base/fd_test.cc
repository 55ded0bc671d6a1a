#include "common/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

int OpenNull() { return open("/dev/null", O_RDWR | O_CLOEXEC); }

TEST(UniqueFdTest, HoldsNothingToBeginWith) {
  const UniqueFd none;
  EXPECT_EQ(none.get(), -1);
  EXPECT_FALSE(none.valid());
  EXPECT_FALSE(UniqueFd(-1).valid());
}

TEST(UniqueFdTest, ClosesAtTheEndOfItsLife) {
  int fd = -1;
  {
    const UniqueFd owner(OpenNull());
    fd = owner.get();
    EXPECT_TRUE(owner.valid());
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, OwnsDescriptorZero) {
  InFork([] {
    close(0);
    {
      const UniqueFd owner(OpenNull());
      ASSERT_EQ(owner.get(), 0);
      EXPECT_TRUE(owner.valid());
    }
    EXPECT_FALSE(IsOpen(0));
  });
}

TEST(UniqueFdTest, ClosesBeforeTheEndOnceOnly) {
  UniqueFd owner(OpenNull());
  const int fd = owner.get();
  owner.Close();
  EXPECT_FALSE(IsOpen(fd));
  EXPECT_FALSE(owner.valid());
  // The number's new owner keeps it.
  const UniqueFd next(OpenNull());
  ASSERT_EQ(next.get(), fd);
  owner.Close();
  EXPECT_TRUE(IsOpen(fd));
}

TEST(UniqueFdTest, MovesWhatItOwns) {
  UniqueFd from(OpenNull());
  const int fd = from.get();
  {
    const UniqueFd to(std::move(from));
    EXPECT_EQ(to.get(), fd);
    EXPECT_FALSE(from.valid());  // NOLINT(bugprone-use-after-move)
    EXPECT_TRUE(IsOpen(fd));
  }
  EXPECT_FALSE(IsOpen(fd));
}

TEST(UniqueFdTest, ClosesWhatAnAssignmentReplaces) {
  UniqueFd to(OpenNull());
  UniqueFd from(OpenNull());
  const int replaced = to.get();
  const int kept = from.get();
  to = std::move(from);
  EXPECT_FALSE(IsOpen(replaced));
  EXPECT_EQ(to.get(), kept);
  EXPECT_FALSE(from.valid());  // NOLINT(bugprone-use-after-move)
  UniqueFd& same = to;
  to = std::move(same);
  EXPECT_EQ(to.get(), kept);
  EXPECT_TRUE(IsOpen(kept));
}

TEST(MakePipeTest, MakesTwoEndsThatCloseOnExec) {
  const absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_THAT(pipe, IsOk());
  EXPECT_EQ(fcntl(pipe->read_end.get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(fcntl(pipe->write_end.get(), F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(write(pipe->write_end.get(), "x", 1), 1);
  char received = 0;
  ASSERT_EQ(read(pipe->read_end.get(), &received, 1), 1);
  EXPECT_EQ(received, 'x');
}

TEST(MakePipeTest, FailsWhereNoDescriptorIsLeft) {
  InFork([] {
    SetLimit(RLIMIT_NOFILE, 0);
    EXPECT_THAT(MakePipe(), HasErrno(EMFILE));
  });
}

// The descriptors among 0, 1 and 2 that a caller left closed, a bit for each.
class MissingStandardStreamsTest : public testing::TestWithParam<int> {};

TEST_P(MissingStandardStreamsTest, AreOpenedOnDevNull) {
  // Standard output may be among the closed ones, so the exit status is the
  // result.
  InFork([closed = GetParam()] {
    TempDirectory directory;
    const int kept =
        open(directory.Write("kept", "").c_str(), O_RDWR | O_CLOEXEC);
    struct stat kept_file = {};
    fstat(kept, &kept_file);
    for (int fd = 0; fd <= 2; ++fd) {
      if (closed & (1 << fd)) {
        close(fd);
      } else {
        dup2(kept, fd);
      }
    }
    close(kept);
    const int next = fcntl(0, F_GETFD) < 0 ? -1 : dup(0);
    close(next);

    bool good = OpenMissingStandardStreams().ok();
    for (int fd = 0; fd <= 2; ++fd) {
      struct stat file = {};
      good = good && fstat(fd, &file) == 0 &&
             (closed & (1 << fd)
                  ? S_ISCHR(file.st_mode) && file.st_rdev == makedev(1, 3)
                  : file.st_ino == kept_file.st_ino);
      good = good && (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDWR;
    }
    // Nothing else is left open: the number that was free before still is.
    good = good && !IsOpen(kept);
    if (!good) {
      _exit(1);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(AllCombinations, MissingStandardStreamsTest,
                         testing::Range(0, 8));

TEST(WriteAllTest, WritesEverythingInOneWrite) {
  const std::string text("a line\nwith\0zero\n", 17);
  EXPECT_THAT(CaptureWrites(
                  STDOUT_FILENO,
                  [&] { EXPECT_THAT(WriteAll(STDOUT_FILENO, text), IsOk()); }),
              testing::ElementsAre(text));
}

TEST(WriteAllTest, WritesNothingForNothing) {
  EXPECT_THAT(WriteAll(-1, ""), IsOk());
}

TEST(WriteAllTest, WritesMoreThanThePipeHolds) {
  absl::StatusOr<Pipe> pipe = MakePipe();
  ASSERT_THAT(pipe, IsOk());
  std::string text(3'000'000, 'x');
  text.back() = 'y';
  std::string received;
  std::thread reader(
      [&] { received = ReadAll(pipe->read_end.get()).value_or("nothing"); });
  EXPECT_THAT(WriteAll(pipe->write_end.get(), text), IsOk());
  pipe->write_end.Close();
  reader.join();
  EXPECT_TRUE(received == text);
}

TEST(ReadAllTest, ReadsToTheEnd) {
  const TempDirectory directory;
  for (const std::string& content :
       {std::string(), std::string("\0\n", 2), std::string(1'000'000, 'x')}) {
    const UniqueFd file(
        open(directory.Write("file", content).c_str(), O_RDONLY | O_CLOEXEC));
    const absl::StatusOr<std::string> read = ReadAll(file.get());
    ASSERT_THAT(read, IsOk());
    EXPECT_TRUE(*read == content);
  }
}

TEST(ReadAllTest, SeesTheKernelsRefusal) {
  const UniqueFd directory(open("/proc", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(ReadAll(directory.get()), HasErrno(EISDIR));
  EXPECT_THAT(ReadAll(-1), HasErrno(EBADF));
}

TEST(WriteAllTest, GoesOnAfterAPartialWrite) {
  InFork([] {
    TempDirectory directory;
    const UniqueFd file(
        open(directory.Write("file", "").c_str(), O_WRONLY | O_CLOEXEC));
    // The file system takes 4 bytes, then refuses.
    signal(SIGXFSZ, SIG_IGN);
    SetLimit(RLIMIT_FSIZE, 4);
    EXPECT_THAT(WriteAll(file.get(), "123456"), HasErrno(EFBIG));
    EXPECT_EQ(directory.Read("file"), "1234");
  });
}

TEST(WriteAllTest, SeesTheKernelsRefusal) {
  const UniqueFd full(open("/dev/full", O_WRONLY | O_CLOEXEC));
  EXPECT_THAT(WriteAll(full.get(), "x"), HasErrno(ENOSPC));
  EXPECT_THAT(WriteAll(-1, "x"), HasErrno(EBADF));
}

TEST(WriteAllTest, SeesThatTheReaderIsGone) {
  InFork([] {
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigprocmask(SIG_BLOCK, &pipe_signal, nullptr);
    absl::StatusOr<Pipe> pipe = MakePipe();
    ASSERT_THAT(pipe, IsOk());
    pipe->read_end.Close();
    EXPECT_THAT(WriteAll(pipe->write_end.get(), "x"), HasErrno(EPIPE));
  });
}

}  // namespace
}  // namespace mydocker
