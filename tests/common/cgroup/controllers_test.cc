// Enable() records in /run/mydocker which cgroups it enables controllers for,
// so this test needs root.

#include "common/cgroup/controllers.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "common/base/named_lock.h"
#include "common/cgroup/cgroup.h"
#include "tests/common/fake_hierarchy.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

TEST(ControllersV1Test, AreThereAlready) {
  const FakeHierarchy fake(CgroupVersion::kV1);
  const absl::StatusOr<Cgroup> cgroup = Cgroup::Create(fake.hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  EXPECT_THAT(cgroup->Enable("memory"), IsOk());
}

class ControllersTest : public testing::Test {
 protected:
  ControllersTest() { Enabled("", ""); }

  // Sets which controllers the root and mydocker hand down.
  void Enabled(const std::string& by_root, const std::string& by_parent) {
    fake_.root().Write(kFile, by_root);
    fake_.WriteParent(kFile, by_parent);
  }

  static constexpr char kFile[] = "cgroup.subtree_control";
  const FakeHierarchy fake_{CgroupVersion::kV2};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

TEST_F(ControllersTest, HasAControllerHandedDownTwice) {
  EXPECT_THAT(cgroup_.Enable("memory"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "+memory");
  EXPECT_EQ(fake_.ReadParent(kFile), "+memory");
  // Not to its own children: then it could have no processes.
  EXPECT_FALSE(fake_.root().Has("mydocker/id/cgroup.subtree_control"));
}

TEST_F(ControllersTest, AsksOnlyForWhatItDoesNotHave) {
  Enabled("cpu memory pids\n", "memory\n");
  EXPECT_THAT(cgroup_.Enable("memory"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "cpu memory pids\n");
  EXPECT_EQ(fake_.ReadParent(kFile), "memory\n");
  Enabled("cpu memory pids\n", "");
  EXPECT_THAT(cgroup_.Enable("pids"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "cpu memory pids\n");
  EXPECT_EQ(fake_.ReadParent(kFile), "+pids");
}

TEST_F(ControllersTest, TakesWholeNamesOnly) {
  Enabled("cpus", "cpu\n");  // As long as "+cpu".
  EXPECT_THAT(cgroup_.Enable("cpu"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "+cpu");
  EXPECT_EQ(fake_.ReadParent(kFile), "cpu\n");
}

TEST_F(ControllersTest, SeesThatTheControllerIsNotHandedDown) {
  fake_.root().Remove("mydocker/cgroup.subtree_control");
  EXPECT_THAT(
      cgroup_.Enable("cpu"),
      AllOf(HasErrno(ENOENT),
            Says(fake_.root().File("mydocker/cgroup.subtree_control"))));
  fake_.root().Remove(kFile);
  fake_.root().Link(kRefusesWithEinval, kFile);
  EXPECT_THAT(cgroup_.Enable("cpu"),
              AllOf(HasErrno(EINVAL), Says("+cpu"), Says("realtime")));
  fake_.root().Remove(kFile);
}

// The root hands down nothing, whatever is written: as if somebody took it back
// each time before we look.
TEST_F(ControllersTest, SaysWhoMayTakeThemBack) {
  fake_.root().Remove("mydocker/cgroup.subtree_control");
  fake_.root().Remove(kFile);
  fake_.root().Link("/dev/null", kFile);
  EXPECT_THAT(cgroup_.Enable("cpu"),
              AllOf(HasErrno(ENOENT), Says("systemd"),
                    Says(fake_.root().path() + " handed cpu down")));
}

// Links that lead to cgroups: those of one that is gone count no more.
TEST_F(ControllersTest, AreWrittenDownForAsLongAsTheyAreNeeded) {
  struct stat root = {};
  ASSERT_EQ(stat(fake_.root().path().c_str(), &root), 0);
  const std::string notes = kRunDirectory + std::string("/v2-") +
                            std::to_string(root.st_dev) + "-" +
                            std::to_string(root.st_ino);
  absl::StatusOr<Cgroup> other = Cgroup::Create(fake_.hierarchy(), "other");
  ASSERT_THAT(cgroup_.Enable("memory"), IsOk());
  ASSERT_THAT(other->Enable("memory"), IsOk());
  EXPECT_EQ(std::filesystem::read_symlink(notes + "/memory:id"),
            cgroup_.path());
  ASSERT_TRUE(std::filesystem::is_symlink(notes + "/memory:enabled"));

  fake_.root().Remove("mydocker/id");  // By somebody else.
  Enabled("+memory", "+memory");
  EXPECT_THAT(other->Remove(), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "-memory");
  EXPECT_EQ(fake_.ReadParent(kFile), "-memory");
  EXPECT_FALSE(std::filesystem::exists(notes));
}

// The kernel would refuse to hand memory down; cpu, cpuset and pids would make
// the cgroup a threaded one, which is worse.
TEST_F(ControllersTest, IsNotHandedDownFromAmongProcesses) {
  fake_.root().Write("cgroup.procs", "1234567\n");
  // Only the root of the whole hierarchy has no cgroup.type.
  EXPECT_THAT(cgroup_.Enable("cpu"), IsOk());
  Enabled("", "");
  fake_.root().Write("cgroup.type", "domain\n");
  EXPECT_THAT(cgroup_.Enable("cpu"),
              AllOf(HasErrno(EBUSY), Says(fake_.root().path()),
                    Says("has processes itself")));
  EXPECT_EQ(fake_.root().Read(kFile), "");
  fake_.root().Write("cgroup.procs", "");
  EXPECT_THAT(cgroup_.Enable("cpu"), IsOk());
}

}  // namespace
}  // namespace mydocker
