// Chapter 9: escapes that were found in other container runtimes. Each test is
// the attack, and bears its CVE number.
//
// docs/security.md lists them all, and those that nothing here stops.

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/launch.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::Not;

class RootfsEscapeTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (!IsSkipped()) {
      SKIP_IF(WhyNoTool("busybox"));
      rootfs_ = MakeRootfs();
      hosts_ = absl::StrCat(TestDirectory(), "/hosts");
      fs::create_directory(hosts_);
      std::ofstream(hosts_ + "/null") << name_;
    }
  }

  std::string Path(const std::string& name) const {
    return absl::StrCat(rootfs_, "/", name);
  }
  void WriteScript(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    ASSERT_EQ(chmod(Path(name).c_str(), 0755), 0) << Path(name);
  }
  // Gives the image the libraries of the program under test, if it has any, so
  // that it can run inside.
  void AddLibraries() const {
    fs::create_directories(Path("run"));  // Here `run` keeps its records.
    const Result list = RunOnHost("ldd $RUN | grep -o '/[^ ]* (0x'");
    for (const absl::string_view line :
         absl::StrSplit(list.out, '\n', absl::SkipEmpty())) {
      const std::string library(line.substr(0, line.find(' ')));
      fs::create_directories(Path(fs::path(library).parent_path()));
      fs::copy_file(library, Path(library));
    }
  }
  Result Try(const std::vector<std::string>& command,
             const std::function<bool()>& before_exec = nullptr) const {
    return Execute({.args = RunWords({"-rootfs", rootfs_}, command),
                    .before_exec = before_exec});
  }
  Result Ask(const std::string& script) const {
    return Try({"sh", "-c", script});
  }

  const std::string name_ = RandomName();
  std::string rootfs_;
  // A folder of the host's, with a file `null`.
  std::string hosts_;
};

// DEVICE:INODE of the file of the program under test.
std::string ProgramsIdentity() {
  struct stat file = {};
  EXPECT_EQ(stat(ProgramPath().c_str(), &file), 0) << ProgramPath();
  return absl::StrCat(file.st_dev, ":", file.st_ino);
}

// The image makes the kernel execute the runtime itself: its command is a
// script whose interpreter is /proc/self/exe, at that moment `init`. So `init`
// runs once more, now as `run -verbose /bin/attack`, for "-verbose" is the name
// of a script, too. Below its own container's /proc, /bin/attack finds the
// outer one, and there /proc/1/exe. If that is the host's own file, the attack
// only has to overwrite it, and the next container starts with the image's
// program.
TEST_F(RootfsEscapeTest, CVE_2019_5736_ProcSelfExeIsNotTheHostsFile) {
  AddLibraries();
  WriteScript("bin/command", "#!-verbose /bin/attack\n");
  WriteScript("-verbose", "#!/proc/self/exe run\n");
  WriteScript("bin/attack",
              "#!/bin/sh\n"
              "umount /proc\n"
              "stat -L -c %d:%i /proc/1/exe\n"
              "head -c 4 /proc/1/exe | od -An -c\n"
              "(echo spoilt >/proc/1/exe) 2>/dev/null || echo refused\n");
  const Result result = Try({"command"});
  // The attack got that far, and found a program.
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_THAT(result.out, testing::EndsWith(" 177   E   L   F\nrefused\n"));
  EXPECT_THAT(result.out, Not(HasSubstr(ProgramsIdentity())));
}

// The same by a name only, as a link in the image.
TEST_F(RootfsEscapeTest, CVE_2019_5736_LinkToProcSelfExe) {
  AddLibraries();
  fs::create_symlink("/proc/self/exe", Path("bin/command"));
  const Result result = Try({"command", "run", "sh", "-c",
                             "umount /proc; stat -L -c %d:%i /proc/1/exe"});
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_NE(result.out, "");
  EXPECT_NE(result.out, ProgramsIdentity() + "\n");
}

// Writing is refused for good, not only while the file is executed: what the
// container can keep open is a copy that nobody may write.
TEST_F(RootfsEscapeTest, CVE_2019_5736_CopyIsSealed) {
  AddLibraries();
  WriteScript("bin/command", "#!-verbose /bin/attack\n");
  WriteScript("-verbose", "#!/proc/self/exe run\n");
  WriteScript("bin/attack",
              "#!/bin/sh\n"
              "umount /proc\n"
              "mount --bind /proc/1/exe /home/exe 2>/dev/null && echo mounted\n"
              "exec 3</proc/1/exe; readlink /proc/self/fd/3 | cut -c1-7\n");
  std::ofstream(Path("home/exe")) << "";
  EXPECT_THAT(Try({"command"}), testing::Field(&Result::out, "/memfd:\n"));
}

// Descriptors of the host's directories that the caller of `run` has left open,
// and its working directory: from each of them ".." leads to the host.
TEST_F(RootfsEscapeTest, CVE_2024_21626_NoDirectoryOfTheHostsIsOpen) {
  const std::string folder = hosts_;
  const Result result = Execute(
      {.args = RunWords({"-rootfs", rootfs_},
                        {"sh", "-c",
                         "for way in /proc/self/fd/* /proc/1/fd/* /proc/*/cwd "
                         "/proc/*/root; do cat $way/null $way/../hosts/null "
                         "$way/" +
                             hosts_ + "/null; done 2>/dev/null; echo tried"}),
       .directory = folder,
       .before_exec = [folder] {
         for (int fd = 3; fd < 20; ++fd) {
           const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY);
           if (opened != fd && (dup2(opened, fd) < 0 || close(opened) != 0)) {
             return false;
           }
         }
         return true;
       }});
  EXPECT_THAT(result, Prints("tried\n"));
}

// The same with a command whose path takes such a way.
TEST_F(RootfsEscapeTest, CVE_2024_21626_CommandBesideTheRoot) {
  fs::copy_file(Path("bin/busybox"), hosts_ + "/echo");
  for (const std::string directory : {"/proc/self/cwd", "/proc/self/fd/3"}) {
    const std::string folder = hosts_;
    EXPECT_THAT(Execute({.args = RunWords({"-rootfs", rootfs_},
                                          {directory + "/echo", "escaped"}),
                         .directory = folder,
                         .before_exec =
                             [folder] {
                               const int fd = open(folder.c_str(), O_RDONLY);
                               return fd == 3 || dup2(fd, 3) == 3;
                             }}),
                FailsInOneLine(127, HasSubstr(directory + "/echo")))
        << directory;
  }
}

// A link in the place of a mount point: the mount would cover the link's
// target, or the container would trust a /proc made by the image.
TEST_F(RootfsEscapeTest, CVE_2019_19921_LinkInThePlaceOfAMountPoint) {
  const std::map<std::string, std::string> before = Inventory(hosts_);
  for (const std::string folder : {"proc", "dev", "sys"}) {
    for (const std::string& target :
         {hosts_, absl::StrCat("../hosts"), std::string("home")}) {
      fs::remove(Path(folder));
      fs::create_directory_symlink(target, Path(folder));
      EXPECT_THAT(Try({"touch", "/made"}),
                  FailsInOneLine(125, HasSubstr("symbolic link to " + target)))
          << folder;
    }
    fs::remove(Path(folder));
    fs::create_directory(Path(folder));
  }
  EXPECT_FALSE(fs::exists(Path("made")));
  EXPECT_EQ(Inventory(hosts_), before);
}

// Links below a mount point, where the program makes its devices: the image
// would choose the /dev/null that the program opens, and may mount elsewhere.
TEST_F(RootfsEscapeTest, CVE_2025_31133_LinkInThePlaceOfDevNull) {
  const std::map<std::string, std::string> before = Inventory(hosts_);
  for (const std::string& target :
       {hosts_ + "/null", std::string("../../hosts/null"),
        std::string("/proc/sysrq-trigger")}) {
    for (const std::string device : {"null", "pts", "shm", "ptmx", "console"}) {
      fs::remove(Path("dev/" + device));
      fs::create_symlink(target, Path("dev/" + device));
    }
    EXPECT_THAT(Ask("echo lost >/dev/null; stat -c %F:%t,%T /dev/null; "
                    "stat -L -c %F:%t,%T /proc/self/fd/0; test -e "
                    "/dev/console || echo none"),
                Prints("character special file:1,3\n"
                       "character special file:1,3\nnone\n"))
        << target;
  }
  EXPECT_EQ(Inventory(hosts_), before);
}

// Swaps the folder `folder` with a link to `target`, over and over, as long as
// it exists.
class Swapper {
 public:
  Swapper(const std::string& folder, const std::string& target)
      : folder_(folder), link_(folder + ".link") {
    fs::create_directory_symlink(target, link_);
    thread_ = std::thread([this] {
      while (!stop_) {
        swaps_ += renameat2(AT_FDCWD, folder_.c_str(), AT_FDCWD, link_.c_str(),
                            RENAME_EXCHANGE) == 0;
      }
    });
  }
  ~Swapper() {
    stop_ = true;
    thread_.join();
    if (fs::is_symlink(folder_)) {
      fs::remove(folder_);
      fs::rename(link_, folder_);
    } else {
      fs::remove(link_);
    }
  }
  int swaps() const { return swaps_; }

 private:
  const std::string folder_;
  const std::string link_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> swaps_ = 0;
  std::thread thread_;
};

// The link appears only after `init` has checked the folder: a second container
// that shares the directory can do that. Whichever of the two `init` finds,
// nothing is mounted or made on the host.
TEST_F(RootfsEscapeTest, CVE_2021_30465_LinkThatComesLater) {
  const std::map<std::string, std::string> before = Inventory(hosts_);
  for (const std::string folder : {"dev", "sys", "proc"}) {
    const Swapper swapper(Path(folder), hosts_);
    int got_beyond = 0;
    int refused = 0;
    // Until `init` has found the link once and the folder once; at least 10
    // times.
    for (int i = 0; i < 300 && (i < 10 || got_beyond == 0 || refused == 0);
         ++i) {
      const Result result =
          Execute({.args = RunWords({"-rootfs", rootfs_}, {"/bin/true"}),
                   .leak_check = false});
      ASSERT_THAT(result.exit_status, testing::AnyOf(0, 125)) << result;
      const bool seen = result.err.find("not followed") != std::string::npos;
      ++(seen ? refused : got_beyond);
    }
    EXPECT_GT(swapper.swaps(), 0);
    EXPECT_GT(got_beyond, 0) << folder;
    EXPECT_GT(refused, 0) << folder;
  }
  EXPECT_EQ(Inventory(hosts_), before);
}

// The files that the attack on release_agent writes to, and all others of a
// cgroup: none is visible.
TEST_F(RootfsEscapeTest, NoFileOfACgroupIsInSight) {
  EXPECT_THAT(
      Ask("find / -name release_agent -o -name notify_on_release "
          "-o -name cgroup.procs; grep -c cgroup "
          "/proc/self/mountinfo"),
      testing::AllOf(ExitsWith(1), testing::Field(&Result::out, "0\n")));
}

// Adds a key to a session keyring, both new. A process with that keyring may do
// everything with the key; its owner may do what `owners_rights` allows.
bool HaveKey(unsigned owners_rights) {
  constexpr unsigned kAllRightsOfWhoHasIt = 0x3f000000;
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) {
    return false;
  }
  const long key = syscall(SYS_add_key, "user", "secret-of-the-caller", "x", 1,
                           KEY_SPEC_SESSION_KEYRING);
  return key > 0 && syscall(SYS_keyctl, KEYCTL_SETPERM, key,
                            kAllRightsOfWhoHasIt | owners_rights) == 0;
}

// A key that only its possessor can see.
TEST_F(RootfsEscapeTest, CallersSessionKeyringIsNotInherited) {
  SKIP_IF(WhyNoKernelFeature("keys", "/proc/keys"));
  const auto have_key = [] { return HaveKey(0); };
  EXPECT_THAT(Execute({.args = {"secret-of-the-caller", "/proc/keys"},
                       .program = "grep",
                       .before_exec = have_key}),
              ExitsWith(0));
  EXPECT_THAT(Try({"grep", "secret-of-the-caller", "/proc/keys"}, have_key),
              ExitsWith(1));
}

TEST_F(RootfsEscapeTest, CallersGroupsAndUmaskAreNotInherited) {
  EXPECT_THAT(Try({"sh", "-c", "id -G; umask"},
                  [] {
                    const gid_t groups[] = {0, 42, kOrdinaryUser};
                    umask(077);
                    return setgroups(3, groups) == 0;
                  }),
              Prints("0\n0022\n"));
}

// The tests from here on show what docs/security.md lists as not stopped. Each
// entry there must stay as long as its test passes.

// All attacks that need a capability or a system call: bpf, perf, kexec,
// modules, …
TEST_F(RootfsEscapeTest, NotStoppedRootHasAllCapabilitiesAndSystemCalls) {
  const std::string question =
      "grep -E '^(Cap|NoNewPrivs|Seccomp:)' "
      "/proc/self/status";
  const Result outside = RunOnHost(question);
  EXPECT_THAT(outside.out, HasSubstr("CapEff"));
  EXPECT_THAT(Ask(question), Prints(outside.out));
}

// The limit is two processes, until the process moves to another cgroup. It
// mounts with the host's options, for on v2 all mounts share them.
TEST_F(RootfsEscapeTest, NotStoppedRootLeavesItsLimits) {
  const std::optional<ControllerLocation> pids = FindController("pids");
  SKIP_IF(pids.has_value() ? "" : "this host has no pids controller");
  std::string options = "pids";
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; !pids->v1 && std::getline(mounts, line);) {
    if (absl::StrContains(line, absl::StrCat(" ", pids->mount_point, " "))) {
      options = line.substr(line.rfind(' ') + 1);
    }
  }
  EXPECT_THAT(
      Execute(
          {.args = RunWords(
               {"-rootfs", rootfs_, "-pids-limit", "2"},
               {"sh", "-c",
                absl::StrCat("(sleep 99 & sleep 99 & echo free); mount -t ",
                             pids->v1 ? "cgroup" : "cgroup2", " -o ", options,
                             " none /home && echo 0 >/home/cgroup.procs; "
                             "(sleep 99 & sleep 99 & echo left)")})}),
      testing::AllOf(ExitsWith(0), testing::Field(&Result::out, "left\n"),
                     testing::Field(&Result::err, HasSubstr("can't fork"))));
}

// Sets the clock's rate to its present value.
TEST_F(RootfsEscapeTest, NotStoppedRootSetsTheClockAndReadsTheKernelsLog) {
  EXPECT_THAT(Ask("busybox adjtimex -q -t $(busybox adjtimex | "
                  "sed -n 's/^.*tick: *\\([0-9]*\\).*/\\1/p') && echo set; "
                  "busybox dmesg >/dev/null && echo read"),
              Prints("set\nread\n"));
}

// The owner of a key sees its name, and root in the container is the host's
// root.
TEST_F(RootfsEscapeTest, NotStoppedNamesOfRootsKeysAreSeen) {
  SKIP_IF(WhyNoKernelFeature("keys", "/proc/keys"));
  constexpr unsigned kOwnerMayView = 0x00010000;
  EXPECT_THAT(Try({"grep", "-c", "secret-of-the-caller", "/proc/keys"},
                  [] { return HaveKey(kOwnerMayView); }),
              Prints("1\n"));
}

TEST_F(RootfsEscapeTest, NotStoppedLimitsAndPriorityAreInherited) {
  EXPECT_THAT(Try({"sh", "-c",
                   "ulimit -n; cat /proc/self/oom_score_adj; "
                   "cut -d ' ' -f 19 /proc/self/stat"},
                  [] {
                    const rlimit files = {.rlim_cur = 123, .rlim_max = 123};
                    std::ofstream adjustment("/proc/self/oom_score_adj");
                    return setrlimit(RLIMIT_NOFILE, &files) == 0 &&
                           setpriority(PRIO_PROCESS, 0, 7) == 0 &&
                           (adjustment << 77 << std::flush);
                  }),
              Prints("123\n77\n7\n"));
}

// Root inside may mount the cgroups, and with them the file that CVE-2022-0492
// needs. (contract_user.cc shows where this is stopped.) The test writes back
// what the file holds.
TEST_F(RootfsEscapeTest, NotStoppedRootMayWriteReleaseAgent) {
  SKIP_IF(WhyNoV1("pids"));
  EXPECT_THAT(Ask("mount -t cgroup -o pids none /home && cd /home && "
                  "agent=$(cat release_agent) && "
                  "echo \"$agent\" >release_agent && echo written; "
                  "cd / && umount /home"),
              Prints("written\n"));
}

}  // namespace
}  // namespace blackbox
