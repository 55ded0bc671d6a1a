#include "common/cgroup/cgroup.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <string>
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
using ::testing::SizeIs;

// What is the same on both versions.
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
  // Another container that now has the name keeps it.
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

TEST_P(CgroupTest, SaysThatRootMakesThem) {
  ASSERT_EQ(chmod(root().path().c_str(), 0555), 0);
  InFork([this] {
    BecomeOrdinaryUser();
    EXPECT_THAT(Cgroup::Create(fake_.hierarchy(), "id"),
                AllOf(HasErrno(EACCES), Says("sudo")));
  });
  EXPECT_TRUE(std::filesystem::is_empty(root().path()));
  ASSERT_EQ(chmod(root().path().c_str(), 0755), 0);
}

TEST_P(CgroupTest, LeavesNothingWhereItCannotBeLocked) {
  InFork([this] {
    // One descriptor is left, for the lock of the hierarchy.
    int next = dup(STDERR_FILENO);
    close(next);
    SetLimit(RLIMIT_NOFILE, next + 1);
    EXPECT_THAT(Cgroup::Create(fake_.hierarchy(), "id"),
                AllOf(HasErrno(EMFILE), Says(root().File("mydocker/id"))));
  });
  EXPECT_TRUE(std::filesystem::is_empty(root().path()));
}

TEST_P(CgroupTest, SaysThatTheHierarchyIsReadOnly) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InUserNamespaceAsRoot(CLONE_NEWNS, [this] {
    ASSERT_EQ(
        mount("tmpfs", root().path().c_str(), "tmpfs", MS_RDONLY, nullptr), 0)
        << strerror(errno);
    EXPECT_THAT(Cgroup::Create(fake_.hierarchy(), "id"),
                AllOf(HasErrno(EROFS), Says("read-only")));
  });
}

// ------------------------------------------------------------ the abandoned

TEST_P(CgroupTest, RemovesThoseWhoseOwnerDied) {
  InFork([this] {
    const absl::StatusOr<Cgroup> cgroup =
        Cgroup::Create(fake_.hierarchy(), "00000000dead");
    ASSERT_THAT(cgroup, IsOk());
    _exit(0);  // No destructor, as SIGKILL has it.
  });
  ASSERT_TRUE(root().Has("mydocker/00000000dead"));
  const absl::StatusOr<Cgroup> next = Cgroup::Create(fake_.hierarchy(), "next");
  ASSERT_THAT(next, IsOk());
  EXPECT_FALSE(root().Has("mydocker/00000000dead"));
  EXPECT_TRUE(root().Has("mydocker/next"));
}

// Not all at once: a start must not take longer the more there are.
TEST_P(CgroupTest, RemovesManyAFewAtATime) {
  for (int i = 0; i < 40; ++i) {
    root().MakeDirectory("mydocker/dead" + std::to_string(10'000'000 + i));
  }
  for (const size_t left : {24u, 8u, 0u}) {
    const absl::StatusOr<Cgroup> cgroup =
        Cgroup::Create(fake_.hierarchy(), "next");
    ASSERT_THAT(cgroup, IsOk());
    const auto entries =
        std::filesystem::directory_iterator(root().File("mydocker"));
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1 + left);
  }
}

TEST_P(CgroupTest, TakesTheNameOfOneWhoseOwnerDied) {
  root().MakeDirectory("mydocker/3f1c9a02b7d4");
  EXPECT_THAT(Cgroup::Create(fake_.hierarchy(), "3f1c9a02b7d4"), IsOk());
}

TEST_P(CgroupTest, KeepsThoseWhoseOwnerLives) {
  const absl::StatusOr<Cgroup> first =
      Cgroup::Create(fake_.hierarchy(), "first");
  ASSERT_THAT(first, IsOk());
  InFork([this] {
    const absl::StatusOr<Cgroup> second =
        Cgroup::Create(fake_.hierarchy(), "second");
    ASSERT_THAT(second, IsOk());
    EXPECT_TRUE(root().Has("mydocker/first"));
  });
  EXPECT_TRUE(root().Has("mydocker/first"));
  EXPECT_FALSE(root().Has("mydocker/second"));
}

// What somebody has made there by hand is not ours to kill and remove.
TEST_P(CgroupTest, KeepsWhatHasNoContainersName) {
  for (const char* name : {"by-hand", "00000000DEAD", "0000000000000"}) {
    root().MakeDirectory(std::string("mydocker/") + name);
  }
  ASSERT_THAT(Cgroup::Create(fake_.hierarchy(), "id"), IsOk());
  EXPECT_TRUE(root().Has("mydocker/by-hand"));
  EXPECT_TRUE(root().Has("mydocker/00000000DEAD"));
  EXPECT_TRUE(root().Has("mydocker/0000000000000"));
}

TEST_P(CgroupTest, RemovesDirectoriesOnly) {
  fake_.WriteParent("cgroup.procs", "");
  const TempDirectory elsewhere;
  root().Link(elsewhere.path(), "mydocker/00000000feed");
  ASSERT_THAT(Cgroup::Create(fake_.hierarchy(), "id"), IsOk());
  EXPECT_TRUE(root().Has("mydocker/cgroup.procs"));
  EXPECT_TRUE(root().Has("mydocker/00000000feed"));
  EXPECT_TRUE(std::filesystem::exists(elsewhere.path()));
}

TEST_P(CgroupTest, KillsTheProcessesOfTheDead) {
  InFork([this] {
    // The kernel shows 0 for a process in another PID namespace. To kill(2) it
    // means the caller's process group: let that be ours alone.
    ASSERT_EQ(setpgid(0, 0), 0);
    const Pipe input = *MakePipe();
    Command command;
    command.argv = {"sh", "-c", "read forever <&3"};
    command.extra_files = {input.read_end.get()};
    absl::StatusOr<Child> child = Start(command);
    ASSERT_THAT(child, IsOk());
    fake_.Write("cgroup.procs", "0\n" + std::to_string(child->pid()) + "\n",
                "00000000dead");
    ASSERT_THAT(Cgroup::Create(fake_.hierarchy(), "id"), IsOk());
    EXPECT_TRUE(Ends(child->pidfd()));
    EXPECT_EQ(child->Wait().value_or(-1), 128 + SIGKILL);
  });
}

// ------------------------------------------------------------ its files

TEST(CgroupV1Test, HasItsControllerAlready) {
  const FakeHierarchy fake(CgroupVersion::kV1);
  const absl::StatusOr<Cgroup> cgroup = Cgroup::Create(fake.hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  EXPECT_THAT(cgroup->Enable("memory"), IsOk());
}

class CgroupV2Test : public testing::Test {
 protected:
  CgroupV2Test() { Enabled("", ""); }

  // Says what is handed down from the root, and from mydocker.
  void Enabled(const std::string& by_root, const std::string& by_parent) {
    fake_.root().Write(kFile, by_root);
    fake_.WriteParent(kFile, by_parent);
  }

  static constexpr char kFile[] = "cgroup.subtree_control";
  const FakeHierarchy fake_{CgroupVersion::kV2};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

TEST_F(CgroupV2Test, HasAControllerHandedDownTwice) {
  EXPECT_THAT(cgroup_.Enable("memory"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "+memory");
  EXPECT_EQ(fake_.ReadParent(kFile), "+memory");
  // Not to its own children: then it could have no processes.
  EXPECT_FALSE(fake_.root().Has("mydocker/id/cgroup.subtree_control"));
}

TEST_F(CgroupV2Test, AsksOnlyForWhatItDoesNotHave) {
  Enabled("cpu memory pids\n", "memory\n");
  EXPECT_THAT(cgroup_.Enable("memory"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "cpu memory pids\n");
  EXPECT_EQ(fake_.ReadParent(kFile), "memory\n");
  Enabled("cpu memory pids\n", "");
  EXPECT_THAT(cgroup_.Enable("pids"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "cpu memory pids\n");
  EXPECT_EQ(fake_.ReadParent(kFile), "+pids");
}

TEST_F(CgroupV2Test, TakesWholeNamesOnly) {
  Enabled("cpus", "cpu\n");  // As long as "+cpu".
  EXPECT_THAT(cgroup_.Enable("cpu"), IsOk());
  EXPECT_EQ(fake_.root().Read(kFile), "+cpu");
  EXPECT_EQ(fake_.ReadParent(kFile), "cpu\n");
}

TEST_F(CgroupV2Test, SeesThatTheControllerIsNotHandedDown) {
  fake_.root().Remove("mydocker/cgroup.subtree_control");
  EXPECT_THAT(
      cgroup_.Enable("cpu"),
      AllOf(HasErrno(ENOENT),
            Says(fake_.root().File("mydocker/cgroup.subtree_control"))));
  fake_.root().Remove(kFile);
  fake_.root().Link(kRefusesWithEinval, kFile);
  EXPECT_THAT(cgroup_.Enable("cpu"),
              AllOf(HasErrno(EINVAL), Says("+cpu"), Says("realtime")));
}

// To hand memory down would be refused; cpu, cpuset and pids would make the
// cgroup a threaded one, which is worse.
TEST_F(CgroupV2Test, IsNotHandedDownFromAmongProcesses) {
  fake_.root().Write("cgroup.procs", "1234567\n");
  // Only the root of all has no cgroup.type.
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

TEST(AdmitTest, HasTheChildWriteItselfOnV1) {
  const FakeHierarchy fake(CgroupVersion::kV1);
  const Cgroup cgroup = *Cgroup::Create(fake.hierarchy(), "id");
  fake.Write("tasks", "");
  Command command;
  // What the program finds there was written before it began.
  command.argv = {"cat", cgroup.File("tasks")};
  cgroup.Admit(command);
  EXPECT_EQ(command.into_cgroup, -1);
  const absl::StatusOr<Output> output = RunForOutput(command);
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->text, "0");
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
