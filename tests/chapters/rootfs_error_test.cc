// Chapter 9: faulty root file systems, names and limits, and hosts that refuse
// a step. Each is reported in one clear line, and nothing stays: the fixture
// looks for mounts, cgroups and files.

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/container_test.h"
#include "tests/support/faults.h"
#include "tests/support/held_container.h"
#include "tests/support/mounts.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class RootfsErrorTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (!IsSkipped()) {
      SKIP_IF(WhyNoTool("busybox"));
      rootfs_ = MakeRootfs();
    }
  }
  std::string Path(const std::string& name) const {
    return absl::StrCat(rootfs_, "/", name);
  }
  // Starts a container with this directory as its root. The command would leave
  // a file there.
  static Result Try(const std::string& rootfs) {
    return Execute(
        {.args = RunWords({"-rootfs", rootfs}, {"touch", "/made", "made"})});
  }

  std::string rootfs_;
};

TEST_F(RootfsErrorTest, BadCommandLineIsRefused) {
  const std::string long_name(65, 'x');
  ExpectRefused({"run", "-rootfs"}, {"rootfs", "value"});
  ExpectRefused({"run", "-rootfs", "", "touch", "made"}, {"rootfs"});
  ExpectRefused({"run", "-hostname", "", "touch", "made"}, {"hostname"});
  ExpectRefused({"run", "-hostname", long_name, "touch", "made"},
                {long_name, "64"});
  for (const char* limit : {"0", "-1", "abc", "4194305"}) {
    ExpectRefused({"run", "-pids-limit", limit, "touch", "made"},
                  {"'pids-limit'", absl::StrCat("'", limit, "'"), "4194304"});
  }
}

TEST_F(RootfsErrorTest, DirectoryThatIsNotThere) {
  const std::string path = absl::StrCat(TestDirectory(), "/", RandomName());
  EXPECT_THAT(
      Try(path),
      FailsInOneLine(125, AllOf(HasSubstr(path), HasSubstr("No such file"),
                                HasSubstr("make rootfs-busybox"))));
}

// The copy of the program that becomes init is a file in memory, so the limit
// applies to it. The kernel also sends SIGXFSZ, which must not end `run` before
// it has cleaned up.
TEST_F(RootfsErrorTest, CallersLimitOnTheSizeOfFilesIsTold) {
  EXPECT_THAT(Execute({.args = {"run", "-rootfs", rootfs_, "true"},
                       .before_exec =
                           [] {
                             const rlimit nothing = {0, 0};
                             return setrlimit(RLIMIT_FSIZE, &nothing) == 0;
                           }}),
              FailsInOneLine(125, HasSubstr("File too large")));
}

TEST_F(RootfsErrorTest, File) {
  const std::string path = MakeFile("file", "", 0644);
  EXPECT_THAT(Try(path), FailsInOneLine(125, AllOf(HasSubstr(path),
                                                   HasSubstr("Not a direc"))));
}

TEST_F(RootfsErrorTest, SymbolicLink) {
  const std::string link = absl::StrCat(TestDirectory(), "/link");
  std::filesystem::create_symlink(rootfs_, link);
  for (const std::string& path : {link, link + "/", link + "///"}) {
    EXPECT_THAT(Try(path), FailsInOneLine(125, AllOf(HasSubstr(link),
                                                     HasSubstr("symbolic link"),
                                                     HasSubstr(rootfs_))));
  }
  const std::string dangling = absl::StrCat(TestDirectory(), "/dangling");
  std::filesystem::create_symlink("nowhere", dangling);
  EXPECT_THAT(Try(dangling), FailsInOneLine(125, HasSubstr("nowhere")));
}

TEST_F(RootfsErrorTest, HostsOwnRoot) {
  for (const char* path : {"/", "//", "/.", "/proc/..", "../../../../../.."}) {
    EXPECT_THAT(Try(path),
                FailsInOneLine(125, AllOf(HasSubstr(path),
                                          HasSubstr("the host's own root"))))
        << path;
  }
}

TEST_F(RootfsErrorTest, HostsOwnRootUnderAnotherName) {
  const std::string alias = absl::StrCat(TestDirectory(), "/alias");
  ASSERT_EQ(mkdir(alias.c_str(), 0755), 0);
  ASSERT_EQ(mount("/", alias.c_str(), nullptr, MS_BIND, nullptr), 0);
  EXPECT_THAT(Try(alias), FailsInOneLine(125, HasSubstr("host's own root")));
  EXPECT_EQ(umount(alias.c_str()), 0);
}

// Each of the folders that are mount points.
class RootfsFolderTest : public RootfsErrorTest,
                         public testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    RootfsErrorTest::SetUp();
    if (!IsSkipped()) {
      ASSERT_EQ(rmdir(Path(GetParam()).c_str()), 0);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, RootfsFolderTest,
                         testing::Values("proc", "dev", "sys"),
                         [](const auto& info) { return info.param; });

TEST_P(RootfsFolderTest, IsMissing) {
  EXPECT_THAT(
      Try(rootfs_),
      FailsInOneLine(125, AllOf(HasSubstr(rootfs_), HasSubstr(GetParam()),
                                HasSubstr("No such file"))));
}

TEST_P(RootfsFolderTest, IsAFile) {
  std::ofstream(Path(GetParam())) << "x";
  EXPECT_THAT(
      Try(rootfs_),
      FailsInOneLine(125, AllOf(HasSubstr(rootfs_), HasSubstr(GetParam()),
                                HasSubstr("Not a directory"))));
}

TEST_F(RootfsErrorTest, HostThatForbidsNewRootsIsTold) {
  EXPECT_THAT(
      Execute({.args = RunWords({"-rootfs", rootfs_}, {"touch", "made"}),
               .before_exec = RefuseNewRoots}),
      FailsInOneLine(125, AllOf(HasSubstr(rootfs_), HasSubstr("EPERM"))));
}

// The setting belongs to the PID namespace, so a test can change it. The value
// 1 affects only calls that do not ask for an executable file.
TEST_F(RootfsErrorTest, HostThatForbidsProgramsInMemoryIsTold) {
  SKIP_IF(WhyNoKernelFeature("vm.memfd_noexec", "/proc/sys/vm/memfd_noexec"));
  const auto run_with = [this](const std::string& setting) {
    const std::string script = absl::StrCat(
        "echo ", setting, " >/proc/sys/vm/memfd_noexec && exec $RUN run ",
        "-rootfs ", rootfs_, " touch /made");
    return Execute({.args = {"--pid", "--fork", "--mount-proc", "--kill-child",
                             "sh", "-c", script},
                    .program = "unshare"});
  };
  EXPECT_THAT(
      run_with("2"),
      FailsInOneLine(125, AllOf(HasSubstr("memory"), HasSubstr("EACCES"),
                                HasSubstr("vm.memfd_noexec=1"))));
  EXPECT_FALSE(std::filesystem::exists(Path("made")));
  EXPECT_THAT(run_with("1"), ExitsWith(0));
  EXPECT_TRUE(std::filesystem::exists(Path("made")));
}

TEST_F(RootfsErrorTest, LimitWithoutPidsControllerIsRefused) {
  EXPECT_THAT(
      Execute({.args = RunWords({"-pids-limit", "10"}, {"touch", "made"}),
               .before_exec = HostWithoutController("pids")}),
      FailsInOneLine(125, HasSubstr("pids controller")));
}

TEST_F(RootfsErrorTest, ContainerWithoutThatLimitRuns) {
  EXPECT_THAT(Execute({.args = RunWords({"-rootfs", rootfs_}, {"echo", "ran"}),
                       .before_exec = HostWithoutController("pids")}),
              Prints("ran\n"));
}

}  // namespace
}  // namespace blackbox
