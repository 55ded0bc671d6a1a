// Chapter 9, `-rootfs` and `-hostname`: files, mounts, devices and a name of
// its own, and no way to the host's.
//
// rootfs_*_test.cc beside this one are for the limit on processes, and for what
// is wrong.

#include "tests/support/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/terminal.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"09-rootfs",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

using testing::AllOf;
using testing::ElementsAre;
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
  // What a shell prints there.
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

TEST_F(RootfsTest, ItsFilesAreThoseOfTheDirectory) {
  const std::string name = RandomName();
  Write(name, name + "\n");
  EXPECT_THAT(Ask("cat /" + name), Prints(name + "\n"));
  EXPECT_THAT(Ask("rm /" + name + "; ls /"),
              Prints("bin\ndev\netc\nhome\nproc\nroot\nsys\ntmp\n"));
}

TEST_F(RootfsTest, WhatItWritesIsInTheDirectory) {
  const std::string name = RandomName();
  EXPECT_THAT(Ask(absl::StrCat("echo ", name, " >/home/", name)), Prints(""));
  EXPECT_EQ(ReadFile(Path("home/" + name)), name + "\n");
}

// No file of the host's, by the path that it has there or by any other that
// leads up.
TEST_F(RootfsTest, HostsFilesAreNotThere) {
  const std::string name = RandomName();
  const std::string marker = MakeFile(name, "", 0644);
  EXPECT_THAT(Ask("cat " + marker), ExitsWith(1));
  EXPECT_THAT(Ask("find / -name " + name), Prints(""));
  EXPECT_THAT(Ask("cd ../../../../../../../..; pwd; ls -a | head -3"),
              Prints("/\n.\n..\nbin\n"));
}

TEST_F(RootfsTest, WorkingDirectoryIsTheRoot) {
  EXPECT_THAT(Execute({.args = Words({"pwd"}), .directory = TestDirectory()}),
              Prints("/\n"));
}

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

// All of them: what is not in this list cannot be reached by any path.
TEST_F(RootfsTest, NoMountOfTheHostsIsThere) {
  HeldContainer container({"-rootfs", rootfs_});
  const std::vector<std::string> mounts = MountsOf(container.init());
  ASSERT_EQ(mounts.size(), 6u);
  EXPECT_TRUE(mounts[0].starts_with("/ ")) << mounts[0];
  EXPECT_THAT(
      std::vector<std::string>(mounts.begin() + 1, mounts.end()),
      UnorderedElementsAre("/dev tmpfs", "/dev/pts devpts", "/dev/shm tmpfs",
                           "/sys sysfs", "/proc proc"));
  // None of them is tied to a mount outside: no shared:N, no master:N.
  for (const std::string& line :
       ReadLines(absl::StrCat("/proc/", container.init(), "/mountinfo"))) {
    EXPECT_EQ(std::vector<std::string>(absl::StrSplit(line, ' '))[6], "-")
        << line;
  }
  EXPECT_THAT(container.End(), ExitsWith(0));
}

// As the container itself sees it.
TEST_F(RootfsTest, MountInfoInsideShowsTheSame) {
  EXPECT_THAT(Ask("cut -d' ' -f5 /proc/self/mountinfo | sort"),
              Prints("/\n/dev\n/dev/pts\n/dev/shm\n/proc\n/sys\n"));
}

// What is mounted below the directory is not part of it.
TEST_F(RootfsTest, MountsBelowTheDirectoryStayOutside) {
  ASSERT_EQ(mount("tmpfs", Path("home").c_str(), "tmpfs", 0, nullptr), 0);
  Write("home/outside", "");
  EXPECT_THAT(Ask("ls /home; grep -c ' /home ' /proc/self/mountinfo"),
              AllOf(ExitsWith(1), testing::Field(&Result::out, "0\n")));
  EXPECT_EQ(umount(Path("home").c_str()), 0);
}

TEST_F(RootfsTest, MountsInsideAreNotSeenOutside) {
  const std::vector<std::string> before = MountsOf(getpid());
  HeldContainer container({"-rootfs", rootfs_}, "mount -t tmpfs tmpfs /home");
  EXPECT_THAT(MountsOf(container.init()), testing::Contains("/home tmpfs"));
  EXPECT_EQ(MountsOf(getpid()), before);
  container.End();
}

// pitfalls: fault 12. The descriptors that made the root are gone, too.
TEST_F(RootfsTest, StandardStreamsAreAllThatIsOpenInside) {
  HeldContainer container({"-rootfs", rootfs_}, ":",
                          {.open_files = {3, 4, 5, 9, 10, 200}});
  EXPECT_THAT(OpenFiles(container.init()), ElementsAre(0, 1, 2));
  for (const char* link : {"cwd", "root"}) {
    EXPECT_EQ(std::filesystem::read_symlink(
                  absl::StrCat("/proc/", container.init(), "/", link)),
              "/")
        << link;
  }
  container.End();
}

// Who holds the host's null device may change its permissions.
TEST_F(RootfsTest, EmptyStandardInputIsTheContainersOwnNull) {
  struct stat before = {};
  ASSERT_EQ(stat("/dev/null", &before), 0);
  EXPECT_THAT(Ask("chmod 600 /proc/self/fd/0 && stat -c %a /dev/null"),
              Prints("600\n"));
  struct stat after = {};
  ASSERT_EQ(stat("/dev/null", &after), 0);
  EXPECT_EQ(after.st_mode, before.st_mode);
}

// A program of this project, which the tests do not need to know: where it is
// not built (`make escape`), or not statically, there is nothing to try.
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

// Not even from a chroot inside.
TEST_F(EscapeTest, LeavesAChrootInsideForTheContainerOnly) {
  ASSERT_EQ(mkdir(Path("inner").c_str(), 0755), 0);
  std::filesystem::copy_file(EscapeProgram(), Path("inner/escape"));
  EXPECT_THAT(
      Ask("chroot /inner /escape ls -d /bin/busybox " + secret_),
      AllOf(ExitsWith(1), testing::Field(&Result::out, "/bin/busybox\n")));
}

TEST_F(RootfsTest, DevicesAreTheHarmlessOnes) {
  EXPECT_THAT(Ask("cd /dev; ls"),
              Prints("fd\nfull\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\n"
                     "stdout\ntty\nurandom\nzero\n"));
  EXPECT_THAT(
      Ask("cd /dev; stat -c '%n %F %t,%T %a' full null random tty urandom "
          "zero"),
      Prints("full character special file 1,7 666\n"
             "null character special file 1,3 666\n"
             "random character special file 1,8 666\n"
             "tty character special file 5,0 666\n"
             "urandom character special file 1,9 666\n"
             "zero character special file 1,5 666\n"));
}

// Whatever the caller's umask is.
TEST_F(RootfsTest, DevicesAreForEverybody) {
  EXPECT_THAT(Execute({.args = Words({"stat", "-c", "%a", "/dev/null", "/dev",
                                      "/dev/pts", "/dev/shm"}),
                       .before_exec =
                           [] {
                             umask(077);
                             return true;
                           }}),
              Prints("666\n755\n755\n1777\n"));
}

TEST_F(RootfsTest, DevicesWork) {
  EXPECT_THAT(Ask("echo lost >/dev/null; head -c 3 /dev/zero | od -An -tx1; "
                  "head -c 5 /dev/urandom | wc -c; head -c 5 /dev/random | wc "
                  "-c"),
              Prints(" 00 00 00\n5\n5\n"));
  EXPECT_THAT(Ask("echo x >/dev/full"),
              testing::Field(&Result::err, HasSubstr("No space left")));
  EXPECT_THAT(Ask("echo one >/dev/stdout; echo two | cat /dev/stdin"),
              Prints("one\ntwo\n"));
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

TEST_F(RootfsTest, MemoryToShareIsItsOwn) {
  const std::string name = RandomName();
  EXPECT_THAT(Ask(absl::StrCat("echo x >/dev/shm/", name, "; ls /dev/shm")),
              Prints(name + "\n"));
  EXPECT_NE(access(("/dev/shm/" + name).c_str(), F_OK), 0);
}

TEST_F(RootfsTest, SysIsReadOnlyAndShowsNoCgroup) {
  EXPECT_THAT(Ask("ls /sys/class/net; ls /sys/fs/cgroup"), Prints("lo\n"));
  EXPECT_THAT(Ask("echo 1 >/sys/kernel/uevent_seqnum"),
              testing::Field(&Result::err, HasSubstr("Read-only")));
}

TEST_F(RootfsTest, ProcShowsTheContainersProcessesOnly) {
  EXPECT_THAT(Ask("echo /proc/[0-9]*"), Prints("/proc/1\n"));
  EXPECT_THAT(Ask("ps -o pid,args | head -2 | tail -1 | cut -c1-9"),
              Prints("    1 sh \n"));
}

TEST_F(RootfsTest, CommandIsFoundInTheContainersOwnFiles) {
  const std::string name = RandomName();
  Write("bin/" + name, "#!/bin/sh\necho \"$0\"\n", 0755);
  EXPECT_THAT(
      Execute({.args = Words({name}),
               .environment = std::vector<std::string>{"PATH=/usr/bin:/bin"}}),
      Prints(absl::StrCat("/bin/", name, "\n")));
  // One that only the host has.
  MakeFile(name + "-host", "#!/bin/sh\n", 0755);
  EXPECT_THAT(
      Execute({.args = Words({TestDirectory() + "/" + name + "-host"})}),
      FailsInOneLine(127, HasSubstr(name)));
}

// pitfalls: "No such file" of a file that is there. In a new root it is often
// another one that is missing.
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

TEST_F(RootfsTest, NothingIsChangedInTheDirectory) {
  const std::map<std::string, std::string> before = Inventory(rootfs_);
  EXPECT_THAT(Ask("echo /*; ls -lR / >/dev/null 2>&1"), ExitsWith(0));
  EXPECT_EQ(Inventory(rootfs_), before);
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

TEST_F(RootfsTest, TwoContainersMayShareADirectory) {
  HeldContainer one({"-rootfs", rootfs_}, "mkdir /home/one");
  HeldContainer other({"-rootfs", rootfs_}, "mkdir /home/one/other");
  EXPECT_EQ(access(Path("home/one/other").c_str(), F_OK), 0);
  EXPECT_NE(one.Cgroups().id(), other.Cgroups().id());
  EXPECT_THAT(NamespacesThatDiffer(one.init(), other.init()),
              ChapterUnderTest().namespaces);
  EXPECT_THAT(one.End(1), ExitsWith(1));
  EXPECT_THAT(other.End(2), ExitsWith(2));
}

TEST_F(RootfsTest, ShellOnATerminalWorksThere) {
  Terminal terminal({.args = RunWords({"-ti", "-rootfs", rootfs_}, {"sh"})});
  terminal.Type("PS1='ask''> '\n");
  terminal.Expect("ask> ");
  terminal.Type("echo number $$ in $PWD\n");
  terminal.Expect("number 1 in /\r\n");
  terminal.Type("sleep 1000\n");
  // Not before it has the terminal, which it takes before it becomes sleep: the
  // shell would take the Ctrl-C for itself.
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

// What `make rootfs-busybox` runs: no tool of it needs root, and nothing of the
// moment, of the caller or of his umask is in what it makes.
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
    // This format has times to the nanosecond; of those, the last change
    // counts.
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

TEST_F(HostnameTest, IsTheOneAskedFor) {
  char before[HOST_NAME_MAX + 1] = {};
  ASSERT_EQ(gethostname(before, sizeof(before)), 0);
  for (const std::string& name : {RandomName(), std::string("inside-container"),
                                  std::string("a b"), std::string(64, 'x')}) {
    EXPECT_THAT(
        Execute({.args = RunWords({"-hostname", name}, {"uname", "-n"})}),
        Prints(name + "\n"));
  }
  char after[HOST_NAME_MAX + 1] = {};
  ASSERT_EQ(gethostname(after, sizeof(after)), 0);
  EXPECT_STREQ(after, before);
}

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
