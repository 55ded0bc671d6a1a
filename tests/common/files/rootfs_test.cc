// Where user namespaces may be made, these tests need no root, but for device
// nodes: those only root of the machine can make.

#include "common/files/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "common/namespaces/mountinfo.h"
#include "common/namespaces/mounts.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

class RootfsTest : public testing::Test {
 protected:
  RootfsTest() {
    for (const char* folder : {"proc", "dev", "sys"}) {
      rootfs_.MakeDirectory(folder);
    }
  }

  // Runs `body` as root of new user and mount namespaces, whose mounts are
  // private.
  static void InNamespaces(const std::function<void()>& body) {
    InUserNamespaceAsRoot(CLONE_NEWNS, [&] {
      ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
      body();
    });
  }

  const TempDirectory rootfs_;
};

// A tmpfs of the namespace's own, with a root file system in it: what other
// mounts may not be taken apart is theirs to say (mount_namespaces(7)).
std::string OwnRootfs(const TempDirectory& directory) {
  EXPECT_EQ(mount("tmpfs", directory.path().c_str(), "tmpfs", 0, nullptr), 0)
      << strerror(errno);
  for (const char* folder : {"proc", "dev", "sys"}) {
    directory.MakeDirectory("rootfs/" + std::string(folder));
  }
  directory.Write("rootfs/marker", "");
  return directory.File("rootfs");
}

TEST_F(RootfsTest, BecomesTheRootAndTheOldOneIsGone) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InNamespaces([this] {
    const std::string rootfs = OwnRootfs(rootfs_);
    EXPECT_THAT(EnterRootfs(rootfs), IsOk());
    EXPECT_EQ(access("/marker", F_OK), 0);
    EXPECT_EQ(access("marker", F_OK), 0) << "/ is the working directory";
    EXPECT_NE(access("../../../etc/passwd", F_OK), 0);
    EXPECT_NE(access(rootfs.c_str(), F_OK), 0);
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator("/")) {
      names.push_back(entry.path());
    }
    EXPECT_EQ(names.size(), 4u);
  });
}

TEST_F(RootfsTest, IsTheOnlyMountThen) {
  // Without any proc in sight, only root of the machine may mount one.
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can mount a proc then";
  }
  InFork([this] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    ASSERT_THAT(EnterRootfs(OwnRootfs(rootfs_)), IsOk());
    ASSERT_THAT(MountProc(), IsOk());
    const absl::StatusOr<std::vector<Mount>> mounts = ReadMountInfo();
    ASSERT_THAT(mounts, IsOk());
    ASSERT_EQ(mounts->size(), 2u);
    EXPECT_EQ((*mounts)[0].mount_point, "/");
    EXPECT_EQ((*mounts)[0].root, "/rootfs");
    EXPECT_EQ((*mounts)[1].mount_point, "/proc");
  });
}

TEST_F(RootfsTest, WhatIsMountedBelowStaysOutside) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InNamespaces([this] {
    const std::string rootfs = OwnRootfs(rootfs_);
    ASSERT_EQ(mount("tmpfs", (rootfs + "/sys").c_str(), "tmpfs", 0, nullptr),
              0);
    rootfs_.Write("rootfs/sys/below", "");
    ASSERT_THAT(EnterRootfs(rootfs), IsOk());
    EXPECT_NE(access("/sys/below", F_OK), 0);
  });
}

TEST_F(RootfsTest, MayBeRelative) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InNamespaces([this] {
    OwnRootfs(rootfs_);
    ASSERT_EQ(chdir(rootfs_.path().c_str()), 0);
    EXPECT_THAT(EnterRootfs("rootfs/"), IsOk());
    EXPECT_EQ(access("/marker", F_OK), 0);
  });
}

TEST_F(RootfsTest, IsRefusedWhereMountsAreShared) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InNamespaces([this] {
    const std::string rootfs = OwnRootfs(rootfs_);
    ASSERT_THAT(SetPropagation(Propagation::kShared), IsOk());
    EXPECT_THAT(EnterRootfs(rootfs), AllOf(HasErrno(EINVAL), Says(rootfs)));
  });
}

// The checks come before the first change, and need no namespace.
TEST_F(RootfsTest, HasToBeADirectory) {
  EXPECT_THAT(EnterRootfs(rootfs_.File("none")),
              AllOf(HasErrno(ENOENT), Says(rootfs_.File("none")),
                    Says("make rootfs-busybox")));
  EXPECT_THAT(EnterRootfs(rootfs_.Write("file", "")),
              AllOf(HasErrno(ENOTDIR), Says(rootfs_.File("file"))));
  EXPECT_THAT(EnterRootfs(""), HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_F(RootfsTest, MayNotBeASymbolicLink) {
  rootfs_.Link("somewhere", "link");
  for (const char* name : {"link", "link/", "link//"}) {
    EXPECT_THAT(EnterRootfs(rootfs_.File(name)),
                AllOf(HasErrno(ENOTDIR), Says("symbolic link to somewhere")));
  }
}

TEST_F(RootfsTest, MayNotBeTheRootThatThereIs) {
  for (const char* path : {"/", "//", "/..", "/./"}) {
    EXPECT_THAT(EnterRootfs(path), Says("the host's own root")) << path;
  }
}

TEST_F(RootfsTest, NeedsItsFolders) {
  for (const std::string folder : {"proc", "dev", "sys"}) {
    rootfs_.Remove(folder);
    EXPECT_THAT(EnterRootfs(rootfs_.path()),
                AllOf(HasErrno(ENOENT), Says(rootfs_.path()), Says(folder)));
    rootfs_.Write(folder, "");
    EXPECT_THAT(EnterRootfs(rootfs_.path()),
                AllOf(HasErrno(ENOTDIR), Says(folder)));
    rootfs_.Remove(folder);
    rootfs_.Link("/tmp", folder);
    EXPECT_THAT(
        EnterRootfs(rootfs_.path()),
        AllOf(HasErrno(ENOTDIR), Says(folder), Says("symbolic link to /tmp")));
    rootfs_.Remove(folder);
    rootfs_.MakeDirectory(folder);
  }
}

TEST_F(RootfsTest, DevHasTheDevicesAndLinks) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can make device nodes";
  }
  InFork([this] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    ASSERT_THAT(EnterRootfs(OwnRootfs(rootfs_)), IsOk());
    umask(0777);  // Has no say.
    ASSERT_THAT(MountDev(), IsOk());
    struct stat null = {};
    ASSERT_EQ(stat("/dev/null", &null), 0);
    EXPECT_EQ(null.st_mode, S_IFCHR | 0666);
    EXPECT_EQ(null.st_rdev, makedev(1, 3));
    EXPECT_EQ(std::filesystem::read_symlink("/dev/fd"), "/proc/self/fd");
    EXPECT_EQ(std::filesystem::read_symlink("/dev/ptmx"), "pts/ptmx");
    EXPECT_EQ(access("/dev/pts/ptmx", R_OK | W_OK), 0);
    struct stat shm = {};
    ASSERT_EQ(stat("/dev/shm", &shm), 0);
    EXPECT_EQ(shm.st_mode, S_IFDIR | 01777);
  });
}

TEST_F(RootfsTest, StreamsLeaveTheHostsNull) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can make device nodes";
  }
  InFork([this] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    const int null = open("/dev/null", O_RDWR);
    const int file = open(rootfs_.Write("file", "").c_str(), O_RDONLY);
    ASSERT_GE(dup2(null, STDIN_FILENO), 0);
    struct stat before = {};
    ASSERT_EQ(fstat(STDIN_FILENO, &before), 0);
    ASSERT_THAT(EnterRootfs(OwnRootfs(rootfs_)), IsOk());
    ASSERT_THAT(MountDev(), IsOk());
    ASSERT_THAT(LeaveHostsNull(), IsOk());
    struct stat after = {};
    ASSERT_EQ(fstat(STDIN_FILENO, &after), 0);
    EXPECT_NE(after.st_dev, before.st_dev) << "another file system's";
    EXPECT_EQ(after.st_rdev, before.st_rdev) << "the same device";
    // Any other stays what it is.
    ASSERT_GE(dup2(file, STDIN_FILENO), 0);
    ASSERT_THAT(LeaveHostsNull(), IsOk());
    struct stat other = {};
    ASSERT_EQ(fstat(STDIN_FILENO, &other), 0);
    EXPECT_TRUE(S_ISREG(other.st_mode));
  });
}

TEST_F(RootfsTest, SysIsReadOnly) {
  SKIP_WITHOUT_USER_NAMESPACES();
  // sysfs belongs to a network namespace, and only its owner may mount it.
  InUserNamespaceAsRoot(CLONE_NEWNS | CLONE_NEWNET, [this] {
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    const std::string rootfs = OwnRootfs(rootfs_);
    ASSERT_EQ(chdir(rootfs.c_str()), 0);
    ASSERT_THAT(MountSys(), IsOk());
    const int file = open("/sys/kernel/uevent_helper", O_WRONLY | O_CREAT);
    EXPECT_EQ(file, -1);
    EXPECT_EQ(errno, EROFS);
    std::vector<std::string> devices;
    for (const auto& entry :
         std::filesystem::directory_iterator("/sys/class/net")) {
      devices.push_back(entry.path().filename());
    }
    EXPECT_THAT(devices, testing::Contains("lo"));
  });
}

TEST_F(RootfsTest, RefusedMountsAreTold) {
  InFork([] {
    BecomeOrdinaryUser();
    EXPECT_THAT(MountDev(), AllOf(HasErrno(EPERM), Says("/dev")));
    EXPECT_THAT(MountSys(), AllOf(HasErrno(EPERM), Says("/sys")));
  });
}

}  // namespace
}  // namespace mydocker
