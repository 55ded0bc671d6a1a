#include "common/base/named_lock.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "common/base/errors.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::Eq;

TEST(NamedLock, KeepsOthersOutForAsLongAsItLives) {
  {
    absl::StatusOr<NamedLock> held = NamedLock::Acquire("test-one");
    ASSERT_THAT(held, IsOk());
    EXPECT_THAT(ErrnoOf(NamedLock::TryAcquire("test-one").status()),
                Eq(EWOULDBLOCK));
    EXPECT_THAT(NamedLock::TryAcquire("test-other"), IsOk());
  }
  EXPECT_THAT(NamedLock::TryAcquire("test-one"), IsOk());
  EXPECT_NE(access("/run/mydocker/test-one.lock", F_OK), 0);
}

TEST(NamedLock, IsWhereOnlyRootMayOpen) {
  const absl::StatusOr<NamedLock> held = NamedLock::Acquire("test-one");
  ASSERT_THAT(held, IsOk());
  struct stat directory = {};
  ASSERT_EQ(stat(kRunDirectory, &directory), 0);
  EXPECT_EQ(directory.st_mode & 07777, 0700u);
  EXPECT_EQ(directory.st_uid, 0u);
}

// The file is removed at each release, so the next holder may have another one
// than those that wait.
TEST(NamedLock, IsHeldByOneAtATimeThoughItsFileGoes) {
  std::atomic<int> holders = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        const absl::StatusOr<NamedLock> held = NamedLock::Acquire("test-one");
        ASSERT_THAT(held, IsOk());
        most = std::max<int>(most, ++holders);
        --holders;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_THAT(most.load(), Eq(1));
}

}  // namespace
}  // namespace mydocker
