#include "common/cgroup/cgroup.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <utility>

#include "common/process/child.h"
#include "tests/common/captured.h"
#include "tests/common/fake_hierarchy.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::IsEmpty;

// Behaviour that is the same on both versions.
class CgroupTest : public testing::TestWithParam<CgroupVersion> {
 protected:
  const TempDirectory& root() const { return fake_.root(); }

  const FakeHierarchy fake_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Versions, CgroupTest,
                         testing::Values(CgroupVersion::kV1,
                                         CgroupVersion::kV2),
                         [](const auto& info) {
                           return info.param == CgroupVersion::kV1 ? "v1"
                                                                   : "v2";
                         });

TEST_P(CgroupTest, IsADirectoryBelowMydocker) {
  const absl::StatusOr<Cgroup> cgroup =
      Cgroup::Create(fake_.hierarchy(), "3f1c9a02b7d4");
  ASSERT_THAT(cgroup, IsOk());
  EXPECT_EQ(cgroup->path(), root().File("mydocker/3f1c9a02b7d4"));
  EXPECT_EQ(cgroup->parent_path(), root().File("mydocker"));
  EXPECT_EQ(cgroup->File("memory.max"),
            root().File("mydocker/3f1c9a02b7d4/memory.max"));
  EXPECT_EQ(cgroup->version(), GetParam());
  EXPECT_EQ(cgroup->hierarchy().mount_point, root().path());
  EXPECT_TRUE(std::filesystem::is_directory(cgroup->path()));
}

TEST_P(CgroupTest, IsRemovedWithItsObject) {
  {
    const absl::StatusOr<Cgroup> cgroup =
        Cgroup::Create(fake_.hierarchy(), "id");
    ASSERT_THAT(cgroup, IsOk());
    EXPECT_TRUE(root().Has("mydocker/id"));
  }
  EXPECT_TRUE(std::filesystem::is_empty(root().path()));
}

TEST_P(CgroupTest, IsRemovedOnce) {
  absl::StatusOr<Cgroup> cgroup = Cgroup::Create(fake_.hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  EXPECT_THAT(cgroup->Remove(), IsOk());
  EXPECT_TRUE(std::filesystem::is_empty(root().path()));
  EXPECT_THAT(cgroup->Remove(), IsOk());
  // Another container that now has the name keeps its cgroup.
  const absl::StatusOr<Cgroup> next = Cgroup::Create(fake_.hierarchy(), "id");
  ASSERT_THAT(next, IsOk());
  EXPECT_THAT(cgroup->Remove(), IsOk());
  EXPECT_TRUE(root().Has("mydocker/id"));
}

TEST_P(CgroupTest, CanBeRemovedBySomebodyElse) {
  absl::StatusOr<Cgroup> cgroup = Cgroup::Create(fake_.hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  root().Remove("mydocker/id");
  root().Remove("mydocker");
  EXPECT_THAT(cgroup->Remove(), IsOk());
}

TEST_P(CgroupTest, MovesToAnotherObject) {
  absl::StatusOr<Cgroup> from = Cgroup::Create(fake_.hierarchy(), "id");
  ASSERT_THAT(from, IsOk());
  {
    const Cgroup to = *std::move(from);
    EXPECT_EQ(to.path(), root().File("mydocker/id"));
    // NOLINTNEXTLINE(bugprone-use-after-move): it owns nothing any more.
    EXPECT_THAT(from->Remove(), IsOk());
    EXPECT_TRUE(root().Has("mydocker/id"));
  }
  EXPECT_FALSE(root().Has("mydocker"));
}

TEST_P(CgroupTest, SaysThatItCannotBeRemoved) {
  absl::StatusOr<Cgroup> cgroup = Cgroup::Create(fake_.hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  fake_.Write("file", "");
  EXPECT_THAT(cgroup->Remove(),
              AllOf(HasErrno(ENOTEMPTY), Says(root().File("mydocker/id"))));
}

TEST_P(CgroupTest, LeavesTheNameToWhoHasIt) {
  const absl::StatusOr<Cgroup> first = Cgroup::Create(fake_.hierarchy(), "id");
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Cgroup::Create(fake_.hierarchy(), "id"),
              AllOf(HasErrno(EEXIST), Says(root().File("mydocker/id"))));
  EXPECT_TRUE(root().Has("mydocker/id"));
}

TEST_P(CgroupTest, IsNotMadeWhereThereIsNoHierarchy) {
  const Hierarchy none = {GetParam(), root().File("none")};
  EXPECT_THAT(Cgroup::Create(none, "id"),
              AllOf(HasErrno(ENOENT), Says(none.mount_point)));
  EXPECT_FALSE(root().Has("none"));
}

TEST_P(CgroupTest, LeavesNothingWhereItCannotBeOpened) {
  InFork([this] {
    const int next = dup(STDERR_FILENO);
    close(next);
    SetLimit(RLIMIT_NOFILE, next);
    EXPECT_THAT(Cgroup::Create(fake_.hierarchy(), "id"),
                AllOf(HasErrno(EMFILE), Says(root().File("mydocker/id"))));
  });
  EXPECT_TRUE(std::filesystem::is_empty(root().path()));
}

// mydocker may not kill and remove a cgroup that it has not made.
TEST_P(CgroupTest, LeavesTheCgroupsOfOthersAlone) {
  root().MakeDirectory("mydocker/3f1c9a02b7d4");
  ASSERT_THAT(Cgroup::Create(fake_.hierarchy(), "id"), IsOk());
  EXPECT_TRUE(root().Has("mydocker/3f1c9a02b7d4"));
}

// The parent may be removed whenever another container ends.
TEST_P(CgroupTest, IsMadeThoughOthersRemoveItsParentAllTheTime) {
  std::atomic<bool> over = false;
  std::thread others([&] {
    while (!over) {
      rmdir(root().File("mydocker").c_str());
    }
  });
  for (int i = 0; i < 500; ++i) {
    absl::StatusOr<Cgroup> cgroup = Cgroup::Create(fake_.hierarchy(), "id");
    EXPECT_THAT(cgroup, IsOk());
  }
  over = true;
  others.join();
}

// ------------------------------------------------------------ its files

TEST(CgroupV1Test, HasItsControllerAlready) {
  const FakeHierarchy fake(CgroupVersion::kV1);
  const absl::StatusOr<Cgroup> cgroup = Cgroup::Create(fake.hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  EXPECT_THAT(cgroup->Enable("memory"), IsOk());
}

class AttachTest : public testing::Test {
 protected:
  const FakeHierarchy fake_{CgroupVersion::kV1};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

TEST_F(AttachTest, WritesTheProcess) {
  fake_.Write("cgroup.procs", "");
  EXPECT_THAT(cgroup_.Attach(1234567), IsOk());
  EXPECT_EQ(fake_.Read("cgroup.procs"), "1234567");
}

TEST_F(AttachTest, SeesTheKernelsRefusal) {
  EXPECT_THAT(cgroup_.Attach(1234567),
              AllOf(HasErrno(ENOENT), Says(cgroup_.File("cgroup.procs"))));
  fake_.Link(kRefusesWithEnospc, "cgroup.procs");
  EXPECT_THAT(cgroup_.Attach(1234567),
              AllOf(HasErrno(ENOSPC), Says("cpuset.mems")));
  fake_.root().Remove("mydocker/id/cgroup.procs");
  fake_.Link(kRefusesWithEinval, "cgroup.procs");
  EXPECT_THAT(cgroup_.Attach(1234567),
              AllOf(HasErrno(EINVAL), Says("realtime")));
}

TEST(AdmitTest, KeepsTheProgramFromStartingOutsideOnV1) {
  const FakeHierarchy fake(CgroupVersion::kV1);
  const Cgroup cgroup = *Cgroup::Create(fake.hierarchy(), "id");
  fake.Link(kRefusesWithEnospc, "tasks");
  Command command;
  command.argv = {"touch", fake.root().File("started")};
  cgroup.Admit(command);
  EXPECT_THAT(Start(command),
              AllOf(HasErrno(ENOSPC), Says(cgroup.File("tasks"))));
  EXPECT_FALSE(fake.root().Has("started"));
}

TEST(AdmitTest, HasTheChildBornThereOnV2) {
  const FakeHierarchy fake(CgroupVersion::kV2);
  const Cgroup cgroup = *Cgroup::Create(fake.hierarchy(), "id");
  Command command;
  cgroup.Admit(command);
  EXPECT_THAT(command.in_child, IsEmpty());
  struct stat by_fd = {};
  struct stat by_path = {};
  ASSERT_EQ(fstat(command.into_cgroup, &by_fd), 0);
  ASSERT_EQ(stat(cgroup.path().c_str(), &by_path), 0);
  EXPECT_EQ(by_fd.st_ino, by_path.st_ino);
}

}  // namespace
}  // namespace mydocker
