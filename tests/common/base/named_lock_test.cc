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

// Readers and a writer.
TEST(NamedLock, IsSharedByManyOrHeldByOne) {
  const auto try_it = [](NamedLock::Mode mode) {
    return ErrnoOf(NamedLock::TryAcquire("test-one", mode).status());
  };
  absl::StatusOr<NamedLock> first =
      NamedLock::TryAcquire("test-one", NamedLock::Mode::kShared);
  ASSERT_THAT(first, IsOk());
  {
    const absl::StatusOr<NamedLock> second =
        NamedLock::TryAcquire("test-one", NamedLock::Mode::kShared);
    EXPECT_THAT(second, IsOk());
    EXPECT_THAT(try_it(NamedLock::Mode::kExclusive), Eq(EWOULDBLOCK));
  }
  // The first holder still has it, and its file exists.
  EXPECT_THAT(try_it(NamedLock::Mode::kExclusive), Eq(EWOULDBLOCK));
  { const NamedLock ended = *std::move(first); }
  EXPECT_NE(access("/run/mydocker/test-one.lock", F_OK), 0);
  const absl::StatusOr<NamedLock> alone = NamedLock::TryAcquire("test-one");
  ASSERT_THAT(alone, IsOk());
  EXPECT_THAT(try_it(NamedLock::Mode::kShared), Eq(EWOULDBLOCK));
}

TEST(NamedLock, IsWhereOnlyRootMayOpen) {
  const absl::StatusOr<NamedLock> held = NamedLock::Acquire("test-one");
  ASSERT_THAT(held, IsOk());
  struct stat directory = {};
  ASSERT_EQ(stat(kRunDirectory, &directory), 0);
  EXPECT_EQ(directory.st_mode & 07777, 0700u);
  EXPECT_EQ(directory.st_uid, 0u);
}

// Each release removes the file, so the next holder may have another file than
// those that wait.
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
