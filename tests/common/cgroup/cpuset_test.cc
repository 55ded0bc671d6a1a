#include "common/cgroup/cpuset.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/base/verbose.h"
#include "common/cgroup/cgroup.h"
#include "tests/common/captured.h"
#include "tests/common/fake_hierarchy.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

ResourceConfig Cpus(const std::string& list) {
  ResourceConfig config;
  config.cpuset = list;
  return config;
}

TEST(CpusetSubsystemTest, KnowsWhenItIsAskedFor) {
  EXPECT_TRUE(CpusetSubsystem().IsAskedFor(Cpus("0")));
  ResourceConfig others;
  others.memory_limit = 1;
  others.cpu_shares = 512;
  EXPECT_FALSE(CpusetSubsystem().IsAskedFor(others));
}

// On v1 every new cpuset is empty.
class CpusetV1Test : public testing::Test {
 protected:
  CpusetV1Test() {
    fake_.root().Write("cpuset.cpus", "0-3\n");
    fake_.root().Write("cpuset.mems", "0-1\n");
    fake_.WriteParent("cpuset.cpus", "\n");
    fake_.WriteParent("cpuset.mems", "\n");
    fake_.Write("cpuset.cpus", "");
    fake_.Write("cpuset.mems", "");
  }

  const FakeHierarchy fake_{CgroupVersion::kV1};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

TEST_F(CpusetV1Test, InheritsWhereNothingIsAskedFor) {
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, ResourceConfig()), IsOk());
  EXPECT_EQ(fake_.ReadParent("cpuset.cpus"), "0-3");
  EXPECT_EQ(fake_.ReadParent("cpuset.mems"), "0-1");
  EXPECT_EQ(fake_.Read("cpuset.cpus"), "0-3");
  EXPECT_EQ(fake_.Read("cpuset.mems"), "0-1");
}

TEST_F(CpusetV1Test, TellsWhatItInherits) {
  SetVerbose(true);
  const std::vector<std::string> told = CaptureWrites(STDERR_FILENO, [this] {
    EXPECT_THAT(CpusetSubsystem().Set(cgroup_, ResourceConfig()), IsOk());
  });
  SetVerbose(false);
  const std::string parent = fake_.root().File("mydocker");
  EXPECT_THAT(told,
              testing::ElementsAre(
                  LogsStep("wrote 0-3 to " + parent + "/cpuset.cpus"),
                  LogsStep("wrote 0-1 to " + parent + "/cpuset.mems"),
                  LogsStep("wrote 0-3 to " + parent + "/id/cpuset.cpus"),
                  LogsStep("wrote 0-1 to " + parent + "/id/cpuset.mems")));
}

TEST_F(CpusetV1Test, WritesTheListAndInheritsTheMemoryNodes) {
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, Cpus("1-2")), IsOk());
  EXPECT_EQ(fake_.Read("cpuset.cpus"), "1-2");
  EXPECT_EQ(fake_.Read("cpuset.mems"), "0-1");
  // Of this container's cgroup only.
  EXPECT_EQ(fake_.ReadParent("cpuset.cpus"), "0-3");
}

TEST_F(CpusetV1Test, LeavesAloneWhatIsNotEmpty) {
  fake_.WriteParent("cpuset.cpus", "1-3\n");
  fake_.WriteParent("cpuset.mems", "1\n");
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, ResourceConfig()), IsOk());
  EXPECT_EQ(fake_.ReadParent("cpuset.cpus"), "1-3\n");
  EXPECT_EQ(fake_.ReadParent("cpuset.mems"), "1\n");
  EXPECT_EQ(fake_.Read("cpuset.cpus"), "1-3");
  EXPECT_EQ(fake_.Read("cpuset.mems"), "1");
}

TEST_F(CpusetV1Test, SaysWhichCpusThereAre) {
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, Cpus("0,99")),
              AllOf(HasCode(absl::StatusCode::kInvalidArgument),
                    Says("no CPU 99"), Says("0-3"), Says("cpuset.cpus")));
}

TEST_F(CpusetV1Test, CountsTheCpusOfItsParentOnly) {
  fake_.WriteParent("cpuset.cpus", "0-1\n");
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, Cpus("2")),
              AllOf(HasCode(absl::StatusCode::kInvalidArgument),
                    Says("no CPU 2"), Says("0-1")));
}

TEST_F(CpusetV1Test, SeesTheKernelsRefusal) {
  fake_.root().Remove("mydocker/id/cpuset.mems");
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, ResourceConfig()),
              AllOf(HasErrno(ENOENT), Says("id/cpuset.mems")));
  fake_.Write("cpuset.mems", "0");
  fake_.root().Remove("mydocker/cpuset.cpus");
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, ResourceConfig()),
              AllOf(HasErrno(ENOENT), Says("mydocker/cpuset.cpus")));
}

// On v2 a cpuset has its parent's CPUs until its own are set.
class CpusetV2Test : public testing::Test {
 protected:
  CpusetV2Test() {
    fake_.WriteParent("cpuset.cpus", "\n");
    fake_.WriteParent("cpuset.cpus.effective", "0-3\n");
    fake_.Write("cpuset.cpus", "");
    fake_.Write("cpuset.mems", "");
  }

  const FakeHierarchy fake_{CgroupVersion::kV2};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

TEST_F(CpusetV2Test, WritesNothingUnasked) {
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, ResourceConfig()), IsOk());
  EXPECT_EQ(fake_.ReadParent("cpuset.cpus"), "\n");
  EXPECT_EQ(fake_.Read("cpuset.cpus"), "");
  EXPECT_EQ(fake_.Read("cpuset.mems"), "");
}

TEST_F(CpusetV2Test, WritesTheList) {
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, Cpus("0,2-3")), IsOk());
  EXPECT_EQ(fake_.Read("cpuset.cpus"), "0,2-3");
  EXPECT_EQ(fake_.Read("cpuset.mems"), "");
}

TEST_F(CpusetV2Test, SaysWhichCpusThereAre) {
  // The kernel would accept it, and limit nothing.
  EXPECT_THAT(
      CpusetSubsystem().Set(cgroup_, Cpus("4")),
      AllOf(HasCode(absl::StatusCode::kInvalidArgument), Says("no CPU 4"),
            Says("0-3"), Says("cpuset.cpus.effective")));
  EXPECT_EQ(fake_.Read("cpuset.cpus"), "");
}

TEST_F(CpusetV2Test, SeesTheKernelsRefusal) {
  fake_.root().Remove("mydocker/id/cpuset.cpus");
  fake_.Link(kRefusesWithEnospc, "cpuset.cpus");
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, Cpus("1")),
              AllOf(HasErrno(ENOSPC), Says("cpuset.cpus")));
  fake_.root().Remove("mydocker/cpuset.cpus.effective");
  EXPECT_THAT(CpusetSubsystem().Set(cgroup_, Cpus("1")), HasErrno(ENOENT));
}

}  // namespace
}  // namespace mydocker
