#include "common/cgroup/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/base/container_id.h"
#include "common/cgroup/hierarchy.h"
#include "common/cgroup/manager.h"
#include "common/namespaces/mountinfo.h"
#include "tests/common/captured.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr uint64_t kLimit = 1 << 20;

// A container with a limit of a megabyte.
class ReportOomKillsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "it takes root to make cgroups";
    }
    const absl::StatusOr<std::vector<Mount>> mounts = ReadMountInfo();
    ASSERT_THAT(mounts, IsOk());
    if (const auto memory = FindHierarchy(*mounts, "memory"); !memory.ok()) {
      GTEST_SKIP() << memory.status();
    }
    ResourceConfig limit;
    limit.memory_limit = kLimit;
    ASSERT_THAT(cgroups_, IsOk());
    ASSERT_THAT(cgroups_->Set(limit), IsOk());
  }

  // Lets a process in the container allocate more, of a kind that cannot be
  // swapped out.
  void RunOutOfMemory() const {
    const pid_t pid = fork();
    if (pid == 0) {
      if (cgroups_->Apply(getpid()).ok()) {
        mmap(nullptr, 8 * kLimit, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0);
      }
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(TEMP_FAILURE_RETRY(waitpid(pid, &status, 0)), pid);
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  }

  std::vector<std::string> Report(uint64_t memory_limit) const {
    return CaptureWrites(STDERR_FILENO, [&] {
      EXPECT_THAT(ReportOomKills(*cgroups_, memory_limit), IsOk());
    });
  }

  absl::StatusOr<CgroupManager> cgroups_ =
      CgroupManager::Create(*NewContainerId());
};

TEST_F(ReportOomKillsTest, TellsNothingOfNone) {
  EXPECT_THAT(Report(kLimit), IsEmpty());
}

TEST_F(ReportOomKillsTest, CountsTheProcessesThatWereKilled) {
  RunOutOfMemory();
  EXPECT_THAT(
      Report(kLimit),
      ElementsAre("mydocker: out of memory: the kernel's OOM killer ended 1 "
                  "process of this container, whose limit is 1048576 bytes "
                  "(1.0 MiB)\n"));
  RunOutOfMemory();
  RunOutOfMemory();
  // Without its own limit it was the host that ran out of memory.
  EXPECT_THAT(
      Report(0),
      ElementsAre("mydocker: out of memory: the kernel's OOM killer ended 3 "
                  "processes of this container\n"));
}

}  // namespace
}  // namespace mydocker
