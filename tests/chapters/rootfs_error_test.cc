// Chapter 9, what is wrong with a root file system, a name or a limit, and
// hosts that refuse a step. Each gets one clear line, and nothing stays: no
// mount, no cgroup, no file, which the fixture looks for.

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/faults.h"
#include "tests/support/held_container.h"
#include "tests/support/mounts.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/usage_contract.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"09-rootfs",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

INSTANTIATE_TEST_SUITE_P(
    Rootfs, UsageContract,
    testing::ValuesIn(std::vector<BadCommandLine>{
        {"RootfsEmpty", {"run", "-rootfs", "", "touch", "made"}, {"rootfs"}},
        {"RootfsWithoutValue", {"run", "-rootfs"}, {"rootfs", "value"}},
        {"HostnameEmpty",
         {"run", "-hostname", "", "touch", "made"},
         {"hostname"}},
        {"HostnameTooLong",
         {"run", "-hostname", std::string(65, 'x'), "touch", "made"},
         {std::string(65, 'x'), "64"}},
        {"PidsZero",
         {"run", "-pids-limit", "0", "touch", "made"},
         {"'pids-limit'", "'0'"}},
        {"PidsNegative",
         {"run", "-pids-limit", "-1", "touch", "made"},
         {"'pids-limit'", "'-1'"}},
        {"PidsNoNumber",
         {"run", "-pids-limit=abc", "touch", "made"},
         {"'pids-limit'", "'abc'"}},
        {"PidsFraction",
         {"run", "-pids-limit", "1.5", "touch", "made"},
         {"'pids-limit'", "'1.5'"}},
        {"PidsTooMany",
         {"run", "-pids-limit", "4194305", "touch", "made"},
         {"'pids-limit'", "'4194305'", "4194304"}},
        {"PidsOverflow",
         {"run", "-pids-limit", "18446744073709551626", "touch", "made"},
         {"'pids-limit'", "'18446744073709551626'"}},
        {"PidsEmpty",
         {"run", "-pids-limit", "", "touch", "made"},
         {"'pids-limit'"}},
    }),
    BadCommandLineName);

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
  // What comes of it if this directory is to be the root. The command would
  // leave a file there.
  static Result Try(const std::string& rootfs) {
    return Execute(
        {.args = RunWords({"-rootfs", rootfs}, {"touch", "/made", "made"})});
  }

  std::string rootfs_;
};

TEST_F(RootfsErrorTest, DirectoryThatIsNotThere) {
  const std::string path = absl::StrCat(TestDirectory(), "/", RandomName());
  EXPECT_THAT(
      Try(path),
      FailsInOneLine(125, AllOf(HasSubstr(path), HasSubstr("No such file"),
                                HasSubstr("make rootfs-busybox"))));
}

// The copy of the program that becomes init is a file in memory. The kernel
// says it with SIGXFSZ, too, which must not end `run` before it has cleaned up.
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

// Each of the folders that something is mounted on.
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

// A trap for whoever follows it: what is mounted "in the container" would cover
// the host's files, or a device be made among them.
TEST_P(RootfsFolderTest, LeadsOutOfIt) {
  const std::string host = absl::StrCat(TestDirectory(), "/host");
  ASSERT_EQ(mkdir(host.c_str(), 0755), 0);
  for (const std::string& target :
       {host, std::string("../host"), std::string("../../../../../tmp")}) {
    const std::filesystem::path link = Path(GetParam());
    std::filesystem::remove(link);
    std::filesystem::create_symlink(target, link);
    EXPECT_THAT(Try(rootfs_), FailsInOneLine(125, AllOf(HasSubstr(GetParam()),
                                                        HasSubstr("link"),
                                                        HasSubstr(target))));
  }
  EXPECT_TRUE(std::filesystem::is_empty(host));
}

// A link to a place inside is as suspicious: that place may be a link, too.
TEST_P(RootfsFolderTest, LeadsElsewhereInIt) {
  std::filesystem::create_symlink("tmp", Path(GetParam()));
  EXPECT_THAT(Try(rootfs_), FailsInOneLine(125, HasSubstr("link")));
}

TEST_F(RootfsErrorTest, OrdinaryUserIsToldWhatItTakes) {
  EXPECT_THAT(
      Execute({.args = RunWords({"-rootfs", rootfs_, "-pids-limit", "10"},
                                {"touch", "made"}),
               .uid = kOrdinaryUser}),
      FailsInOneLine(125, AnyOf(HasSubstr("sudo"), HasSubstr("root:"))));
}

// pitfalls: fault 6, the work goes on in the host's root.
TEST_F(RootfsErrorTest, HostThatForbidsMountsIsTold) {
  EXPECT_THAT(
      Execute({.args = RunWords({"-rootfs", rootfs_}, {"touch", "made"}),
               .before_exec = RefuseMounts}),
      FailsInOneLine(125, HasSubstr("mount")));
}

TEST_F(RootfsErrorTest, HostThatForbidsNewRootsIsTold) {
  EXPECT_THAT(
      Execute({.args = RunWords({"-rootfs", rootfs_}, {"touch", "made"}),
               .before_exec = RefuseNewRoots}),
      FailsInOneLine(125, AllOf(HasSubstr(rootfs_), HasSubstr("EPERM"))));
}

// The setting is the PID namespace's, so it can be made for one test. 1 forbids
// only what does not say that it is to be executed.
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

// A host without the controller.
bool UnmountPids() {
  if (!HostWithMounts(MS_PRIVATE)()) {
    return false;
  }
  while (const std::optional<ControllerPlace> place = FindController("pids")) {
    if (umount2(place->mount_point.c_str(), MNT_DETACH) != 0) {
      return false;
    }
  }
  return true;
}

TEST_F(RootfsErrorTest, LimitWithoutPidsControllerIsRefused) {
  EXPECT_THAT(
      Execute({.args = RunWords({"-pids-limit", "10"}, {"touch", "made"}),
               .before_exec = UnmountPids}),
      FailsInOneLine(125, HasSubstr("pids controller")));
}

TEST_F(RootfsErrorTest, ContainerWithoutThatLimitRuns) {
  EXPECT_THAT(Execute({.args = RunWords({"-rootfs", rootfs_}, {"echo", "ran"}),
                       .before_exec = UnmountPids}),
              Prints("ran\n"));
}

}  // namespace
}  // namespace blackbox
