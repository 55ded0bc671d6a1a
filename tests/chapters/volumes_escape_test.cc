// Chapter 12: ways out by what is mounted, and by where it starts.

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/held_container.h"
#include "tests/support/mounts.h"
#include "tests/support/program.h"
#include "tests/support/volumes_test.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::AnyOf;
using testing::Eq;
using testing::HasSubstr;

using VolumesEscapeTest = VolumesTest;

// Exchanges two files with each other, as fast as it can.
class Exchanger {
 public:
  Exchanger(const std::string& one, const std::string& other)
      : thread_([this, one, other] {
          while (!done_) {
            EXPECT_EQ(renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(),
                                RENAME_EXCHANGE),
                      0);
            ++exchanges_;
          }
        }) {}
  ~Exchanger() {
    done_ = true;
    thread_.join();
  }
  int exchanges() const { return exchanges_; }

 private:
  std::atomic<bool> done_ = false;
  std::atomic<int> exchanges_ = 0;
  std::thread thread_;
};

// Another container has the root file system, too, and exchanges a directory on
// the way to the target and a link that leads out of it, to the host's
// directory `victim`.
TEST_F(VolumesEscapeTest, CVE_2021_30465_LinkThatComesBetweenTwoLooks) {
  Write("source/marker", "it");
  const std::string victim = Path("victim");
  fs::create_directories(victim);
  fs::create_directories(Path("base/swap"));
  // There is such a place inside as well, so that the mount succeeds.
  const std::string inside = Path("base") + victim;
  fs::create_directories(inside);
  fs::create_symlink(absl::StrCat("../../../../../../../../../..", victim),
                     Path("base/link"));
  const Exchanger attacker(Path("base/swap"), Path("base/link"));
  int in_the_link = 0;
  int in_the_directory = 0;
  int refused = 0;
  const Deadline deadline(std::chrono::seconds(10));
  while (!deadline.IsOver()) {
    const Result result = Execute(
        {.args = RunWords(
             {"-rootfs", Path("base"), "-v",
              Path("source") + ":/swap/made/target", "-tmpfs", "/swap/tmp"},
             {"sh", "-c",
              "while read -r _ _ _ _ point _; do case $point in "
              "*/made/target) echo $point;; esac; done "
              "</proc/self/mountinfo"})});
    // Where the link is when its name is printed is a matter of chance.
    EXPECT_THAT(result.exit_status, AnyOf(Eq(0), Eq(125))) << result;
    refused += result.exit_status == 125 ? 1 : 0;
    (result.out.find(victim) == std::string::npos ? in_the_directory
                                                  : in_the_link) += 1;
    ASSERT_TRUE(fs::is_empty(victim)) << result;
  }
  EXPECT_GT(attacker.exchanges(), 1000);
  EXPECT_GT(in_the_link, 0);
  EXPECT_GT(in_the_directory, 0);
  RecordProperty("refused", refused);
  EXPECT_EQ(CountMounts(getpid(), victim), 0);
}

// A volume on the container's /proc would hide what protects it there.
TEST_F(VolumesEscapeTest, CVE_2019_19921_TargetThatLeadsIntoProc) {
  fs::create_directories(Path("dir"));
  fs::create_symlink("/proc", Path("base/way"));
  fs::create_symlink("proc/sys", Path("base/way2"));
  for (const std::string target : {"/way", "/way/sys", "/way2", "/way/1"}) {
    EXPECT_THAT(Try({"-v", Path("dir") + ":" + target}, "echo ran"),
                FailsInOneLine(125, HasSubstr("/proc")))
        << target;
    EXPECT_THAT(Try({"-tmpfs", target}, "echo ran"),
                FailsInOneLine(125, HasSubstr("/proc")))
        << target;
  }
}

TEST_F(VolumesEscapeTest, CVE_2025_31133_LinkThatLeadsThroughProc) {
  fs::create_directories(Path("dir"));
  for (const std::string link :
       {"/proc/self/root", "/proc/1/cwd", "/proc/self/fd/3", "/proc/self/fd/5",
        "/proc/thread-self/root"}) {
    fs::remove(Path("base/way"));
    fs::create_symlink(link, Path("base/way"));
    for (const std::string target : {"/way", "/way/tmp"}) {
      EXPECT_THAT(
          Try({"-v", Path("dir") + ":" + target}, "echo ran"),
          FailsInOneLine(125, AnyOf(HasSubstr("(ELOOP)"), HasSubstr("(ENOENT)"),
                                    HasSubstr("leads nowhere"))))
          << link << " " << target;
    }
  }
}

// runc left the host's directory open, and -w /proc/self/fd/7 was there.
TEST_F(VolumesEscapeTest, CVE_2024_21626_DirectoryThatIsOpenOutside) {
  const std::string name = NewVolume();
  for (int fd = 3; fd < 16; ++fd) {
    for (const char* process : {"self", "1"}) {
      EXPECT_THAT(
          Try({"-v", name + ":/data", "-w",
               absl::StrCat("/proc/", process, "/fd/", fd)},
              "pwd"),
          FailsInOneLine(125, AnyOf(HasSubstr("(ELOOP)"), HasSubstr("(ENOENT)"),
                                    HasSubstr("leads nowhere"))))
          << fd;
    }
  }
  EXPECT_THAT(Try({"-w", "/proc/self/cwd"}, "pwd"),
              FailsInOneLine(125, HasSubstr("(ELOOP)")));
}

// What is copied into a volume is the image's, not what its links lead to.
TEST_F(VolumesEscapeTest, NoLinkIsFollowedIntoAVolume) {
  Write("base/etc/inside", "the container's");
  fs::create_directories(Path("base/data"));
  fs::create_symlink("../../../../../../../etc/passwd", Path("base/data/link"));
  fs::create_symlink("/etc", Path("base/data/directory"));
  fs::create_symlink("/etc", Path("base/other"));
  const std::string one = NewVolume();
  EXPECT_THAT(Try({"-v", one + ":/data"},
                  "readlink /data/link; readlink /data/directory; ls -A /data"),
              Prints("../../../../../../../etc/passwd\n/etc\n"
                     "directory\nlink\n"));
  const std::string two = NewVolume();
  EXPECT_THAT(Try({"-v", two + ":/other"}, "ls -A /other"), Prints("inside\n"));
}

// A container's /dev has no more than before, and its files no other's.
TEST_F(VolumesEscapeTest, VolumeOfAnotherContainerIsOutOfReach) {
  const std::string mine = NewVolume();
  const std::string others = NewVolume();
  ASSERT_THAT(Try({"-v", others + ":/data"}, "echo secret >/data/s"),
              Prints(""));
  EXPECT_THAT(
      Try({"-v", mine + ":/data"},
          absl::StrCat("cat /data/../../", others, "/_data/s ", "/data/../",
                       others, "/_data/s 2>/dev/null; ", "ls -A /data")),
      AllOf(ExitsWith(0), testing::Field(&Result::out, "")));
}

// Root inside makes them, but no user of the host's gets as far as to them.
TEST_F(VolumesEscapeTest, SetUserIdProgramsAreOutOfReachOfTheHostsUsers) {
  const std::string name = NewVolume();
  HeldContainer container(
      {"-layer", Path("base"), "-v", name + ":/data"},
      absl::StrCat("for to in /", name, " /data/", name,
                   "; do cp /bin/busybox $to; chmod 4755 $to; done"));
  const std::string search = absl::StrCat("find /var/lib/mydocker -name ", name,
                                          " -perm -4000 2>/dev/null | wc -l");
  EXPECT_THAT(RunOnHost(search), Prints("2\n"));
  EXPECT_THAT(
      Execute(
          {.args = {"-c", search}, .program = "/bin/sh", .uid = kOrdinaryUser}),
      Prints("0\n"));
  EXPECT_THAT(container.End(), ExitsWith(0));
}

// The tests from here on are what docs/security.md says is not stopped.

// What -v forbids, root inside may allow again, by a remount.
TEST_F(VolumesEscapeTest, NotStoppedRootWritesToAVolumeAsTheHostsRoot) {
  fs::create_directories(Path("dir"));
  EXPECT_THAT(Try({"-v", Path("dir") + ":/in:ro,nosuid,nodev"},
                  "touch /in/su 2>/dev/null || echo refused;"
                  "mount -o remount,bind,rw,suid,dev /in;"
                  "cp /bin/busybox /in/su; chmod 4755 /in/su;"
                  "mknod /in/full c 1 7; echo x 2>/dev/null >/in/full ||"
                  "echo full"),
              Prints("refused\nfull\n"));
  EXPECT_THAT(RunOnHost("stat -c '%u %a %F' " + Path("dir/su") + " " +
                        Path("dir/full")),
              Prints("0 4755 regular file\n0 644 character special file\n"));
}

// Without a password in the image, but any such program would do.
TEST_F(VolumesEscapeTest, NotStoppedUserBecomesRootByASetUserIdProgram) {
  Write("base/etc/passwd", "root::0:0::/:/bin/sh\n");
  fs::create_directories(Path("dir"));
  ASSERT_THAT(RunOnHost("cp " + Path("base/bin/busybox") + " " +
                        Path("dir/su") + " && chmod 4755 " + Path("dir/su")),
              Prints(""));
  const std::string source = Path("dir") + ":/in";
  const std::string become = "/in/su -c 'id -u' 2>/dev/null || echo refused";
  EXPECT_THAT(Try({"-u", "1000", "-v", source}, become), Prints("0\n"));
  EXPECT_THAT(Try({"-u", "1000", "-v", source + ":nosuid"}, become),
              Prints("refused\n"));
}

}  // namespace
}  // namespace blackbox
