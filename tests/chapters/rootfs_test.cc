// Chapter 9, `-rootfs` and `-hostname`: the container has its own files,
// mounts, devices and name, and cannot reach the host's.
//
// rootfs_*_test.cc beside this one test the limit on processes, and errors.

#include "tests/support/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/terminal.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class RootfsTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (!IsSkipped()) {
      SKIP_IF(WhyNoTool("busybox"));
      rootfs_ = MakeRootfs();
    }
  }

  // The words for a container with this root file system.
  std::vector<std::string> Words(
      const std::vector<std::string>& command) const {
    return RunWords({"-rootfs", rootfs_}, command);
  }
  // Runs a shell script there.
  Result Ask(const std::string& script) const {
    return Execute({.args = Words({"sh", "-c", script})});
  }
  // A file or folder of the root file system, as the host sees it.
  std::string Path(const std::string& name) const {
    return absl::StrCat(rootfs_, "/", name);
  }
  void Write(const std::string& name, const std::string& content,
             unsigned permissions = 0644) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    EXPECT_EQ(chmod(Path(name).c_str(), permissions), 0) << Path(name);
  }

  std::string rootfs_;
};

// Mount point and type of each mount that process `pid` sees.
std::vector<std::string> MountsOf(pid_t pid) {
  std::vector<std::string> mounts;
  for (const std::string& line :
       ReadLines(absl::StrCat("/proc/", pid, "/mountinfo"))) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    const auto separator = std::find(fields.begin() + 6, fields.end(), "-");
    mounts.push_back(absl::StrCat(fields[4], " ", separator[1]));
  }
  return mounts;
}

// The list is complete: no path reaches a mount that is not in it.
TEST_F(RootfsTest, NoMountOfTheHostsIsThere) {
  HeldContainer container({"-rootfs", rootfs_});
  const std::vector<std::string> mounts = MountsOf(container.init());
  ASSERT_EQ(mounts.size(), 6u);
  EXPECT_TRUE(mounts[0].starts_with("/ ")) << mounts[0];
  EXPECT_THAT(
      std::vector<std::string>(mounts.begin() + 1, mounts.end()),
      UnorderedElementsAre("/dev tmpfs", "/dev/pts devpts", "/dev/shm tmpfs",
                           "/sys sysfs", "/proc proc"));
  // None of them propagates to or from a mount outside: no shared:N, no
  // master:N.
  for (const std::string& line :
       ReadLines(absl::StrCat("/proc/", container.init(), "/mountinfo"))) {
    EXPECT_EQ(std::vector<std::string>(absl::StrSplit(line, ' '))[6], "-")
        << line;
  }
  EXPECT_THAT(container.End(), ExitsWith(0));
}

// A mount below the directory is not part of the root file system.
TEST_F(RootfsTest, MountsBelowTheDirectoryStayOutside) {
  ASSERT_EQ(mount("tmpfs", Path("home").c_str(), "tmpfs", 0, nullptr), 0);
  Write("home/outside", "");
  EXPECT_THAT(Ask("ls /home; grep -c ' /home ' /proc/self/mountinfo"),
              AllOf(ExitsWith(1), testing::Field(&Result::out, "0\n")));
  EXPECT_EQ(umount(Path("home").c_str()), 0);
}

// A program of this project that the tests do not depend on: where it is not
// built (`make escape`), or not statically, there is nothing to test.
std::string EscapeProgram() { return "build/chapters/09-rootfs/escape/escape"; }

class EscapeTest : public RootfsTest {
 protected:
  void SetUp() override {
    RootfsTest::SetUp();
    if (!IsSkipped()) {
      SKIP_IF(std::filesystem::exists(EscapeProgram())
                  ? ""
                  : "the program escape is not built: make escape");
      std::filesystem::copy_file(EscapeProgram(), Path("escape"));
      secret_ = MakeFile(name_, name_, 0644);
    }
  }

  const std::string name_ = RandomName();
  std::string secret_;  // A file of the host's.
};

TEST_F(EscapeTest, LeavesAChroot) {
  EXPECT_THAT(
      Execute({.args = {rootfs_, "/bin/cat", secret_}, .program = "chroot"}),
      ExitsWith(1));
  EXPECT_THAT(Execute({.args = {rootfs_, "/escape", "cat", secret_},
                       .program = "chroot"}),
              Prints(name_));
}

TEST_F(EscapeTest, DoesNotLeaveTheContainer) {
  const Result result = Execute({.args = Words({"/escape", "cat", secret_})});
  EXPECT_THAT(result, FailsInOneLine(1, HasSubstr("no way out")));
}

// The permissions do not depend on the caller's umask.
TEST_F(RootfsTest, DevicesAreForEverybody) {
  EXPECT_THAT(Ask("cd /dev; ls"),
              Prints("fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\n"
                     "stdout\ntty\nurandom\nzero\n"));
  EXPECT_THAT(Execute({.args = Words({"stat", "-c", "%a", "/dev/null", "/dev",
                                      "/dev/pts", "/dev/shm"}),
                       .before_exec =
                           [] {
                             umask(077);
                             return true;
                           }}),
              Prints("666\n755\n755\n1777\n"));
}

TEST_F(RootfsTest, PseudoterminalsAreNew) {
  HeldContainer container({"-rootfs", rootfs_});
  EXPECT_EQ(AskInside(container.init(), {"mnt"},
                      []() -> std::string {
                        const int master = posix_openpt(O_RDWR | O_NOCTTY);
                        char name[PATH_MAX] = {};
                        return master >= 0 && grantpt(master) == 0 &&
                                       unlockpt(master) == 0 &&
                                       ptsname_r(master, name, sizeof(name)) ==
                                           0 &&
                                       access(name, R_OK | W_OK) == 0
                                   ? name
                                   : "";
                      }),
            "/dev/pts/0");
  container.End();
}

// "No such file" for a file that exists. In a new root it is often
// another file that is missing.
TEST_F(RootfsTest, ScriptWhoseInterpreterIsOnTheHostOnly) {
  Write("script", "#!/usr/bin/perl -w\n", 0755);
  EXPECT_THAT(Execute({.args = Words({"/script"})}),
              FailsInOneLine(126, HasSubstr("/usr/bin/perl")));
}

TEST_F(RootfsTest, ProgramWhoseLoaderIsOnTheHostOnly) {
  std::filesystem::copy_file(std::filesystem::canonical("/bin/cat"),
                             Path("host-cat"));
  EXPECT_THAT(Execute({.args = Words({"/host-cat"})}),
              FailsInOneLine(126, HasSubstr("loader")));
}

TEST_F(RootfsTest, DirectoryMayBeNamedInManyWays) {
  Write("etc/which", "this one\n");
  const std::string link = absl::StrCat(TestDirectory(), "/link");
  std::filesystem::create_symlink(TestDirectory(), link);
  const std::string spaced = absl::StrCat(TestDirectory(), "/a b\\040,c:d");
  std::filesystem::rename(rootfs_, spaced);
  std::filesystem::create_directory(absl::StrCat(TestDirectory(), "/other"));
  for (const std::string& name :
       {spaced, spaced + "/", spaced + "//", std::string("./a b\\040,c:d"),
        std::string("other/../a b\\040,c:d"), link + "/a b\\040,c:d"}) {
    EXPECT_THAT(
        Execute({.args = RunWords({"-rootfs", name}, {"cat", "/etc/which"}),
                 .directory = TestDirectory()}),
        Prints("this one\n"))
        << name;
  }
}

TEST_F(RootfsTest, ReadOnlyFileSystemStaysSo) {
  const std::string target = TestDirectory() + "/read-only";
  ASSERT_EQ(mkdir(target.c_str(), 0755), 0);
  ASSERT_EQ(mount(rootfs_.c_str(), target.c_str(), nullptr, MS_BIND, nullptr),
            0);
  ASSERT_EQ(mount(nullptr, target.c_str(), nullptr,
                  MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
            0);
  rootfs_ = target;
  EXPECT_THAT(Ask("echo x >/home/x"),
              testing::Field(&Result::err, HasSubstr("Read-only")));
  EXPECT_THAT(Ask("echo x >/dev/shm/x; cat /dev/shm/x"), Prints("x\n"));
  EXPECT_EQ(umount(target.c_str()), 0);
}

TEST_F(RootfsTest, ShellOnATerminalWorksThere) {
  Terminal terminal({.args = RunWords({"-ti", "-rootfs", rootfs_}, {"sh"})});
  terminal.Type("PS1='ask''> '\n");
  terminal.Expect("ask> ");
  terminal.Type("echo number $$ in $PWD\n");
  terminal.Expect("number 1 in /\r\n");
  terminal.Type("sleep 1000\n");
  // Waits until the command has the terminal, which it takes before it becomes
  // sleep: earlier, the Ctrl-C would reach the shell.
  EXPECT_TRUE(WaitUntil([&] {
    const std::vector<pid_t> jobs = DescendantsOf(FindInit(terminal.pid()));
    return jobs.size() == 1 &&
           ReadFile(absl::StrCat("/proc/", jobs[0], "/comm")) == "sleep\n";
  }));
  terminal.Type(kCtrlC);
  terminal.Expect("ask> ");
  terminal.Type("exit 7\n");
  EXPECT_THAT(terminal.Wait(), ExitsWith(7));
}

TEST_F(RootfsTest, VerboseTellsTheSteps) {
  const Result result = Execute(
      {.args = RunWords({"-verbose", "-rootfs", rootfs_, "-hostname", "moon"},
                        {"true"})});
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err,
              AllOf(HasSubstr(rootfs_), HasSubstr("/dev"), HasSubstr("/sys"),
                    HasSubstr("/proc"), HasSubstr("moon")));
}

// The script of `make rootfs-busybox`: it needs no root, and its result does
// not depend on the time, the caller or his umask.
TEST_F(RootfsTest, ScriptMakesTheSameTwiceWithoutRoot) {
  const std::string script = CopyForEverybody("scripts/rootfs.sh");
  const std::string place = TestDirectory() + "/made";
  ASSERT_EQ(mkdir(place.c_str(), 0755), 0);
  ASSERT_EQ(chown(place.c_str(), kOrdinaryUser, kOrdinaryUser), 0);
  std::vector<std::string> sums;
  for (const mode_t mask : {022, 077}) {
    const std::string made = absl::StrCat(place, "/", mask);
    EXPECT_THAT(Execute({.args = {"busybox", made},
                         .program = script,
                         .uid = kOrdinaryUser,
                         .before_exec =
                             [mask] {
                               umask(mask);
                               return true;
                             }}),
                ExitsWith(0));
    // This format stores times to the nanosecond, among them that of the last
    // change.
    sums.push_back(
        RunOnHost("tar --create --format=pax --sort=name --numeric-owner "
                  "--pax-option=delete=atime,delete=ctime --directory " +
                  made + " . | sha256sum")
            .out);
    EXPECT_THAT(Execute({.args = RunWords({"-rootfs", made}, {"id", "-un"})}),
                Prints("root\n"));
  }
  EXPECT_EQ(sums[0], sums[1]);
}

using HostnameTest = ContainerTest;

TEST_F(HostnameTest, IsTheContainersIdUnlessAskedFor) {
  HeldContainer container;
  const std::string name =
      AskInside(container.init(), {"uts"}, []() -> std::string {
        char name[HOST_NAME_MAX + 1] = {};
        gethostname(name, sizeof(name));
        return name;
      });
  EXPECT_EQ(name, container.Cgroups().id());
  container.End();
}

}  // namespace
}  // namespace blackbox
