// It makes containers' directories in the machine's own /run/mydocker, so it
// needs root.

#include "common/container/container_directory.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <string>

#include "common/base/container_id.h"
#include "common/base/fd.h"
#include "common/base/named_lock.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/hierarchy.h"
#include "common/files/container_files.h"
#include "common/namespaces/mounts.h"
#include "common/process/process_identity.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

namespace fs = std::filesystem;

class ContainerDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root may write in /run";
    }
  }

  // Does what the next `run` does first.
  static void NextRun() {
    absl::StatusOr<ContainerDirectory> next =
        ContainerDirectory::Create(*NewContainerId());
    ASSERT_THAT(next, IsOk());
    EXPECT_THAT(next->Remove(), IsOk());
  }

  std::string Fact(const std::string& name) const {
    return fs::read_symlink(path_ + "/" + name);
  }

  // Runs `body` with the container's directory in a process that then ends
  // without destructors, as by SIGKILL.
  void InProgramThatDies(
      const std::function<void(ContainerDirectory&)>& body) const {
    InFork([&] {
      absl::StatusOr<ContainerDirectory> directory =
          ContainerDirectory::Create(id_);
      ASSERT_THAT(directory, IsOk());
      body(*directory);
      fflush(nullptr);
      _exit(::testing::Test::HasFailure() ? 1 : 0);
    });
  }

  const std::string id_ = *NewContainerId();
  const std::string path_ = std::string(kRunDirectory) + "/" + id_;
  const std::string files_ = FilesOf(id_);
};

TEST_F(ContainerDirectoryTest, SaysWhatThereIsAndWhoWatches) {
  absl::StatusOr<ContainerDirectory> directory =
      ContainerDirectory::Create(id_);
  ASSERT_THAT(directory, IsOk());
  EXPECT_EQ(Fact("watcher"), ProcessIdentity::Of(getpid())->ToText());
  EXPECT_EQ(Fact("cgroup"), "mydocker/" + id_);
  EXPECT_EQ(Fact("files"), "/var/lib/mydocker/" + id_);
  EXPECT_THAT(directory->SetInit(getppid()), IsOk());
  EXPECT_EQ(Fact("init"), ProcessIdentity::Of(getppid())->ToText());
  EXPECT_THAT(ContainerDirectory::Create(id_),
              AllOf(HasErrno(EEXIST), Says(path_)));
  EXPECT_THAT(directory->Remove(), IsOk());
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ContainerDirectoryTest, TellsAnOrdinaryUserToUseSudo) {
  InFork([&] {
    BecomeOrdinaryUser();
    EXPECT_THAT(ContainerDirectory::Create(id_),
                AllOf(HasErrno(EACCES), Says("sudo")));
  });
}

TEST_F(ContainerDirectoryTest, GoesWithItsObjectAndAllThatIsLeft) {
  {
    const absl::StatusOr<ContainerDirectory> directory =
        ContainerDirectory::Create(id_);
    ASSERT_THAT(directory, IsOk());
    fs::create_directories(files_ + "/upper");
  }
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_FALSE(fs::exists(files_));
}

// A `run` may be killed after it has made the directory and before it has
// recorded the watcher; or another `run` may see it in that state.
TEST_F(ContainerDirectoryTest, EmptyOneIsNothing) {
  ASSERT_TRUE(fs::create_directories(path_));
  ASSERT_EQ(chmod(kRunDirectory, 0700), 0);
  NextRun();
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(ContainerDirectoryTest, OfAWatcherThatLivesIsLeftAlone) {
  const absl::StatusOr<ContainerDirectory> directory =
      ContainerDirectory::Create(id_);
  ASSERT_THAT(directory, IsOk());
  fs::create_directories(files_);
  InFork([] { NextRun(); });
  EXPECT_EQ(Fact("watcher"), ProcessIdentity::Of(getpid())->ToText());
  EXPECT_TRUE(fs::exists(files_));
}

// The watcher is in another PID namespace; in this one the pid belongs to
// nobody.
TEST_F(ContainerDirectoryTest, OfAWatcherThatCannotBeSeenIsLeftAlone) {
  const absl::StatusOr<ContainerDirectory> directory =
      ContainerDirectory::Create(id_);
  ASSERT_THAT(directory, IsOk());
  InFork([] {
    ASSERT_EQ(unshare(CLONE_NEWPID | CLONE_NEWNS), 0);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    InFork([] {
      ASSERT_THAT(MountProc(), IsOk());
      NextRun();
    });
  });
  EXPECT_TRUE(fs::exists(path_));
}

// Each start removes only a few of many: it must not take longer the more there
// are.
TEST_F(ContainerDirectoryTest, OfManyAbandonedAFewGoAtATime) {
  ProcessIdentity gone = *ProcessIdentity::Of(getpid());
  --gone.start_time;
  const auto count = [] {
    return std::distance(fs::directory_iterator(kRunDirectory),
                         fs::directory_iterator());
  };
  const absl::StatusOr<ContainerDirectory> keeps_the_parent =
      ContainerDirectory::Create(id_);
  ASSERT_THAT(keeps_the_parent, IsOk());
  for (int i = 0; i < 40; ++i) {
    const std::string path =
        std::string(kRunDirectory) + "/" + *NewContainerId();
    ASSERT_TRUE(fs::create_directory(path));
    fs::create_symlink(gone.ToText(), path + "/watcher");
  }
  const auto before = count();
  NextRun();
  EXPECT_LT(count(), before);
  EXPECT_GE(count(), before - 16);
  while (count() > before - 40) {
    NextRun();
  }
}

// ------------------------------------------- a container with a process

class ContainerLeftTest : public ContainerDirectoryTest {
 protected:
  void SetUp() override {
    ContainerDirectoryTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    const absl::StatusOr<Hierarchy> memory =
        FindHierarchy(*ReadCgroupMounts(), "memory");
    if (!memory.ok() || !Cgroup::Create(*memory, *NewContainerId()).ok()) {
      GTEST_SKIP() << "no cgroup can be made here";
    }
    memory_ = *memory;
    cgroup_ = memory->mount_point + "/mydocker/" + id_;
  }

  // A small program makes a container with a cgroup and files, clones its first
  // process into it, and ends: on purpose, or as if it had been killed. `init_`
  // is that process, which does not die with its parent.
  void CloneAndDie(bool on_purpose) {
    const Pipe number = *MakePipe();
    InProgramThatDies([&](ContainerDirectory& directory) {
      static Cgroup cgroup = *Cgroup::Create(memory_, id_);
      fs::create_directories(files_ + "/upper");
      const pid_t init = fork();
      ASSERT_GE(init, 0);
      if (init == 0) {
        while (true) {
          pause();
        }
      }
      ASSERT_THAT(cgroup.Attach(init), IsOk());
      ASSERT_THAT(directory.SetInit(init), IsOk());
      ASSERT_EQ(write(number.write_end.get(), &init, sizeof(init)),
                static_cast<ssize_t>(sizeof(init)));
      if (on_purpose) {
        ASSERT_THAT(directory.Leave(), IsOk());
      }
    });
    pid_t init = 0;
    ASSERT_EQ(read(number.read_end.get(), &init, sizeof(init)),
              static_cast<ssize_t>(sizeof(init)));
    init_ = UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, init, 0)));
    ASSERT_TRUE(init_.valid());
  }

  bool InitLives() const {
    pollfd end = {.fd = init_.get(), .events = POLLIN, .revents = 0};
    return poll(&end, 1, 0) == 0;
  }

  bool AllIsThere() const {
    return fs::exists(path_) && fs::exists(cgroup_) &&
           fs::exists(files_ + "/upper");
  }
  bool NothingIsThere() const {
    return !fs::exists(path_) && !fs::exists(cgroup_) && !fs::exists(files_);
  }

  Hierarchy memory_;
  std::string cgroup_;
  UniqueFd init_;
};

TEST_F(ContainerLeftTest, ByAProgramThatWasKilledIsKilledAndRemoved) {
  CloneAndDie(/*on_purpose=*/false);
  EXPECT_TRUE(InitLives());
  EXPECT_TRUE(AllIsThere());
  NextRun();
  EXPECT_FALSE(InitLives());
  EXPECT_TRUE(NothingIsThere());
}

TEST_F(ContainerLeftTest, OnPurposeLives) {
  CloneAndDie(/*on_purpose=*/true);
  EXPECT_EQ(Fact("watcher"), "nobody");
  NextRun();
  EXPECT_TRUE(InitLives());
  EXPECT_TRUE(AllIsThere());
  // Even when its first process has ended, the next `run` must not remove it.
  syscall(SYS_pidfd_send_signal, init_.get(), SIGKILL, nullptr, 0);
  pollfd end = {.fd = init_.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&end, 1, -1), 1);
  NextRun();
  EXPECT_TRUE(AllIsThere());
  // That is up to whoever left it on purpose.
  EXPECT_THAT(RemoveContainer(id_, /*limit_ms=*/5000), IsOk());
  EXPECT_TRUE(NothingIsThere());
}

// Without its directory, the cgroup counts as somebody else's.
TEST_F(ContainerLeftTest, CgroupWithoutADirectoryIsLeftAlone) {
  CloneAndDie(/*on_purpose=*/true);
  fs::remove_all(path_);
  NextRun();
  EXPECT_TRUE(InitLives());
  EXPECT_TRUE(fs::exists(cgroup_));
  EXPECT_THAT(RemoveCgroup(memory_, cgroup_, /*limit_ms=*/5000), IsOk());
  EXPECT_FALSE(InitLives());
  EXPECT_THAT(RemoveFiles(files_), IsOk());
}

// The program may be killed at any moment: what it has recorded may not exist
// yet, or no longer.
TEST_F(ContainerLeftTest, IsRemovedAtWhateverStepItsProgramWasKilled) {
  for (const int step : {0, 1, 2}) {
    InProgramThatDies([&](ContainerDirectory&) {
      static std::optional<Cgroup> cgroup;
      if (step >= 1) {
        cgroup.emplace(*Cgroup::Create(memory_, id_));
      }
      if (step >= 2) {
        fs::remove(path_ + "/init");
        fs::create_directories(files_);
      }
    });
    NextRun();
    EXPECT_TRUE(NothingIsThere()) << step;
  }
}

// A process that still runs may use the files.
TEST_F(ContainerLeftTest, FilesStayWhileSomethingIsMountedInThem) {
  CloneAndDie(/*on_purpose=*/false);
  const TempDirectory hosts;
  hosts.Write("file", "the host's");
  ASSERT_EQ(mount(hosts.path().c_str(), (files_ + "/upper").c_str(), nullptr,
                  MS_BIND, nullptr),
            0);
  NextRun();
  EXPECT_FALSE(InitLives());
  EXPECT_EQ(hosts.Read("file"), "the host's");
  EXPECT_TRUE(fs::exists(path_));
  ASSERT_EQ(umount((files_ + "/upper").c_str()), 0);
  NextRun();
  EXPECT_TRUE(NothingIsThere());
}

// ------------------------------------------- files after a reboot

// Their directory in /run is gone. If it is only hidden, the files are locked.
TEST_F(ContainerDirectoryTest, ForgottenFilesAreRemovedUnlessLocked) {
  fs::create_directories(files_ + "/upper");
  const TempDirectory elsewhere;
  elsewhere.Write("work/file", "overlayfs's");
  fs::create_symlink(elsewhere.File("work"), files_ + "/work");
  {
    const UniqueFd lock = OpenDirectory(files_);
    ASSERT_EQ(flock(lock.get(), LOCK_EX), 0);
    NextRun();
    EXPECT_TRUE(fs::exists(files_));
  }
  NextRun();
  EXPECT_FALSE(fs::exists(files_));
  EXPECT_FALSE(elsewhere.Has("work"));
}

TEST_F(ContainerDirectoryTest, FilesOfOthersAreLeftAlone) {
  const std::string others = std::string(kFilesDirectory) + "/of-mine";
  fs::create_directories(others);
  NextRun();
  EXPECT_TRUE(fs::remove(others));
  fs::remove(kFilesDirectory);
}

}  // namespace
}  // namespace mydocker
