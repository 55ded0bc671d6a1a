// Chapter 12: what goes into a container, and who it is.

#include "tests/support/volumes_test.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/held_container.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

// The line of mountinfo for `point`, as a process there sees it.
std::string MountLine(pid_t pid, const std::string& point) {
  std::string found;
  for (const std::string& line :
       ReadLines(absl::StrCat("/proc/", pid, "/mountinfo"))) {
    if (absl::StrContains(line, absl::StrCat(" ", point, " "))) {
      found = line;
    }
  }
  return found;
}

// ---------------------------------------------------------------- the host's

TEST_F(VolumesTest, FilesOfTheHostsAreTheSameInside) {
  Write("dir/file", "from the host\n");
  Write("alone", "one file\n");
  EXPECT_THAT(Try({"-v", Path("dir") + ":/in/dir", "-v",
                   Path("alone") + ":/etc/alone:ro"},
                  "cat /in/dir/file /etc/alone; echo inside >/in/dir/new;"
                  "(echo x >/etc/alone) 2>/dev/null || echo refused"),
              Prints("from the host\none file\nrefused\n"));
  EXPECT_EQ(ReadFile(Path("dir/new")), "inside\n");
  EXPECT_EQ(ReadFile(Path("alone")), "one file\n");
}

TEST_F(VolumesTest, SourceMayBeRelativeOrALink) {
  Write("dir/file", "it\n");
  fs::create_directory_symlink(Path("dir"), Path("link"));
  for (const std::string source : {"./dir", "../layers/dir", "link/."}) {
    EXPECT_THAT(Execute({.args = RunWords(
                             {"-layer", Path("base"), "-v", source + ":/in"},
                             {"cat", "/in/file"}),
                         .directory = Path("")}),
                Prints("it\n"))
        << source;
  }
}

TEST_F(VolumesTest, ReadOnlyHoldsForMountsBelow) {
  fs::create_directories(Path("dir/below"));
  ASSERT_EQ(mount("tmpfs", Path("dir/below").c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_THAT(Try({"-v", Path("dir") + ":/in:ro"},
                  "touch /in/x 2>/dev/null || echo refused;"
                  "touch /in/below/x 2>/dev/null || echo there, too"),
              Prints("refused\nthere, too\n"));
  EXPECT_EQ(access(Path("dir/below/x").c_str(), F_OK), -1);
  // The host's own mount has kept its flags.
  Write("dir/below/host", "");
  EXPECT_EQ(access(Path("dir/below/host").c_str(), F_OK), 0);
  EXPECT_EQ(umount2(Path("dir/below").c_str(), MNT_DETACH), 0);
}

TEST_F(VolumesTest, WhatTheHostMountedReadOnlyStaysSo) {
  fs::create_directories(Path("dir"));
  ASSERT_EQ(mount("tmpfs", Path("dir").c_str(), "tmpfs", MS_RDONLY, nullptr),
            0);
  EXPECT_THAT(Try({"-v", Path("dir") + ":/in:rw"},
                  "touch /in/x 2>/dev/null || echo refused"),
              Prints("refused\n"));
  EXPECT_EQ(umount2(Path("dir").c_str(), MNT_DETACH), 0);
}

TEST_F(VolumesTest, OptionsAreEnforced) {
  fs::create_directories(Path("dir"));
  ASSERT_THAT(
      RunOnHost("cp " + Path("base/bin/busybox") + " " + Path("dir/sh") +
                " && mknod " + Path("dir/null") + " c 1 3"),
      Prints(""));
  EXPECT_THAT(Try({"-v", Path("dir") + ":/in:noexec,nodev,nosuid"},
                  "/in/sh -c : 2>/dev/null || echo noexec;"
                  "(: </in/null) 2>/dev/null || echo nodev;"
                  "grep -o 'in rw,nosuid,nodev,noexec' /proc/self/mountinfo"),
              Prints("noexec\nnodev\nin rw,nosuid,nodev,noexec\n"));
  EXPECT_THAT(Try({"-v", Path("dir") + ":/in"}, "/in/sh -c 'echo runs'"),
              Prints("runs\n"));
}

TEST_F(VolumesTest, MountsPropagateAsAsked) {
  fs::create_directories(Path("dir/host"));
  fs::create_directories(Path("dir/inside"));
  struct Case {
    std::string option;
    bool inwards;
    bool outwards;
  };
  for (const Case& c :
       {Case{"", false, false}, Case{":rprivate", false, false},
        Case{":rslave", true, false}, Case{":rshared", true, true}}) {
    HeldContainer container({"-layer", Path("base"), "-v",
                             absl::StrCat(Path("dir"), ":/in", c.option)},
                            "mount -t tmpfs tmpfs /in/inside");
    EXPECT_EQ(CountMounts(getpid(), Path("dir/inside")), c.outwards ? 1 : 0)
        << c.option;
    EXPECT_EQ(mount("tmpfs", Path("dir/host").c_str(), "tmpfs", 0, nullptr), 0);
    EXPECT_EQ(CountMounts(container.init(), "/in/host"), c.inwards ? 1 : 0)
        << c.option;
    EXPECT_EQ(umount2(Path("dir/host").c_str(), MNT_DETACH), 0);
    EXPECT_THAT(container.End(), ExitsWith(0));
    if (c.outwards) {
      EXPECT_EQ(umount2(Path("dir/inside").c_str(), MNT_DETACH), 0);
    }
  }
}

// ---------------------------------------------------------------- its targets

TEST_F(VolumesTest, MissingTargetsGetTheOwnersOfTheirParents) {
  fs::create_directories(Path("base/home/user"));
  ASSERT_EQ(chown(Path("base/home/user").c_str(), 1000, 1001), 0);
  Write("dir/file", "");
  EXPECT_THAT(Try({"-v", Path("dir") + ":/home/user/a/b", "-v",
                   Path("dir/file") + ":/home/user/c/d", "-tmpfs", "/e"},
                  "umount /home/user/a/b /home/user/c/d /e;"
                  "stat -c '%F %u:%g' /home/user/a /home/user/a/b /home/user/c "
                  "/home/user/c/d /e"),
              Prints("directory 1000:1001\ndirectory 1000:1001\n"
                     "directory 1000:1001\nregular empty file 1000:1001\n"
                     "directory 0:0\n"));
}

TEST_F(VolumesTest, LinkInTheImageLeadsToAPlaceInTheImage) {
  Write("dir/file", "it\n");
  fs::create_directories(Path("base/real"));
  fs::create_symlink("/real", Path("base/absolute"));
  fs::create_symlink("../../../../../real", Path("base/up"));
  for (const std::string link : {"/absolute", "/up", "/absolute/new"}) {
    EXPECT_THAT(Try({"-v", Path("dir") + ":" + link}, "cat " + link + "/file"),
                Prints("it\n"))
        << link;
  }
}

TEST_F(VolumesTest, WhatLiesDeeperIsMountedLater) {
  Write("one/below/x", "");
  Write("two/file", "two\n");
  EXPECT_THAT(Try({"-v", Path("two") + ":/in/below", "-tmpfs",
                   "/in/below/more/still", "-v", Path("one") + ":/in"},
                  "cat /in/below/file; grep -c /in /proc/self/mountinfo"),
              Prints("two\n3\n"));
}

// -------------------------------------------------------------- named volumes

TEST_F(VolumesTest, NamedVolumeOutlivesItsContainer) {
  const std::string name = NewVolume();
  EXPECT_THAT(Try({"-v", name + ":/data"}, "echo kept >/data/file"),
              Prints(""));
  EXPECT_THAT(Volume({"ls"}).out, HasSubstr(name + "\n"));
  EXPECT_THAT(Try({"-v", name + ":/other:ro"}, "cat /other/file"),
              Prints("kept\n"));
  EXPECT_THAT(Volume({"rm", name}), Prints(""));
  EXPECT_THAT(Volume({"ls"}).out, Not(HasSubstr(name)));
  EXPECT_THAT(Volume({"rm", name}),
              FailsInOneLine(125, HasSubstr("there is no volume " + name)));
}

TEST_F(VolumesTest, CreateMakesAnEmptyOne) {
  const std::string name = NewVolume();
  EXPECT_THAT(Volume({"create", name}), Prints(name + "\n"));
  EXPECT_THAT(Volume({"create", name}), Prints(name + "\n"));
  EXPECT_THAT(Try({"-v", name + ":/data"}, "ls -A /data"), Prints(""));
}

TEST_F(VolumesTest, EmptyVolumeGetsWhatTheImageHas) {
  Write("base/data/sub/file", "content");
  Write("base/data/twin", "twice");
  ASSERT_THAT(
      RunOnHost("cd " + Path("base/data") +
                " && ln twin other && ln -s /etc/passwd link && mkfifo pipe && "
                "mknod device c 1 3 && truncate -s 1M hole && "
                "chown 1000:1001 sub/file && chmod 4751 sub/file && "
                "chown 7:8 . && chmod 2770 . && chown -h 3:4 link && "
                "touch -d @1000000 sub/file sub . && setfattr -n user.a -v b "
                "sub/file"),
      Prints(""));
  const std::string name = NewVolume();
  const std::string describe =
      "cd /data; find . | sort | xargs stat -c '%n %F %a %u:%g %h %Y %t:%T';"
      "readlink link; cat sub/file twin; du -k hole | cut -f1";
  const Result in_image = Try({}, describe);
  EXPECT_THAT(Try({"-v", name + ":/data"}, describe), Prints(in_image.out));
  EXPECT_THAT(in_image.out, HasSubstr("sub/file regular file 4751 1000:1001"));
  // Once it has something, it stays as it is.
  Write("base/data/later", "");
  EXPECT_THAT(Try({"-v", name + ":/data"}, "rm -r /data/sub; ls /data"),
              Prints("device\nhole\nlink\nother\npipe\ntwin\n"));
}

// A crash half-way, at the moments that differ.
TEST_F(VolumesTest, HalfFilledVolumeIsNotTakenForWhole) {
  Write("base/data/file", "whole");
  const std::string name = NewVolume();
  ASSERT_THAT(Volume({"create", name}), ExitsWith(0));
  const std::string folder = "/var/lib/mydocker/volumes/" + name;
  ASSERT_THAT(
      RunOnHost("cd " + folder + " && touch filling && echo half >_data/half"),
      Prints(""));
  EXPECT_THAT(Try({"-v", name + ":/data"}, "ls /data; cat /data/file"),
              Prints("file\nwhole"));
  EXPECT_EQ(access((folder + "/filling").c_str(), F_OK), -1);
  // Where the image has nothing, too, it counts as whole from now on.
  ASSERT_THAT(RunOnHost("touch " + folder + "/filling"), Prints(""));
  EXPECT_THAT(Try({"-v", name + ":/elsewhere"}, "echo mine >/elsewhere/mine"),
              Prints(""));
  EXPECT_THAT(Try({"-v", name + ":/elsewhere"}, "ls /elsewhere"),
              Prints("mine\n"));
}

// It would be emptied: a disk that somebody has mounted there, say.
TEST_F(VolumesTest, VolumeWithAMountInItIsNotRemoved) {
  const std::string name = NewVolume();
  EXPECT_THAT(Try({"-v", name + ":/data"}, "mkdir /data/disk"), Prints(""));
  const std::string disk =
      absl::StrCat("/var/lib/mydocker/volumes/", name, "/_data/disk");
  ASSERT_EQ(mount("none", disk.c_str(), "tmpfs", 0, nullptr), 0);
  std::ofstream(disk + "/precious").close();
  EXPECT_THAT(Volume({"rm", name}),
              FailsInOneLine(125, HasSubstr(disk + " is a mount")));
  EXPECT_TRUE(fs::exists(disk + "/precious"));
  EXPECT_EQ(umount(disk.c_str()), 0);
  EXPECT_THAT(Volume({"rm", name}), Prints(""));
}

TEST_F(VolumesTest, VolumeInUseCannotBeRemoved) {
  const std::string name = NewVolume();
  HeldContainer container({"-layer", Path("base"), "-v", name + ":/data"});
  EXPECT_THAT(Volume({"rm", name}),
              FailsInOneLine(125, AllOf(HasSubstr(name),
                                        HasSubstr("a container uses it"))));
  EXPECT_THAT(Try({"-v", name + ":/data"}, "echo two use it"),
              Prints("two use it\n"));
  EXPECT_THAT(container.End(), ExitsWith(0));
  EXPECT_THAT(Volume({"rm", name}), Prints(""));
}

TEST_F(VolumesTest, KilledRunDoesNotKeepAVolume) {
  const std::string name = NewVolume();
  HeldContainer container({"-layer", Path("base"), "-v", name + ":/data"});
  container.run().Signal(SIGKILL);
  EXPECT_EQ(container.run().Wait().signal, SIGKILL);
  ASSERT_TRUE(WaitForEnd(container.init()));
  EXPECT_THAT(Volume({"rm", name}), Prints(""));
  EXPECT_THAT(Try({}, ":"), Prints(""));  // Removes what was left.
}

TEST_F(VolumesTest, ManyContainersMayFillOneVolumeAtTheSameTime) {
  for (int i = 0; i < 200; ++i) {
    Write(absl::StrCat("base/data/", i), "x");
  }
  const std::string name = NewVolume();
  EXPECT_THAT(
      RunOnHost(absl::StrCat("for i in 1 2 3 4 5 6; do $RUN run -layer ",
                             Path("base"), " -v ", name,
                             ":/data sh -c 'ls /data | wc -l' & done; wait")),
      Prints("200\n200\n200\n200\n200\n200\n"));
}

// ------------------------------------------------------------ tmpfs, read-only

TEST_F(VolumesTest, TmpfsIsEmptyAndLimited) {
  Write("base/full/file", "");
  ASSERT_EQ(chmod(Path("base/full").c_str(), 0710), 0);
  EXPECT_THAT(
      Try({"-tmpfs", "/full", "-tmpfs", "/new", "-tmpfs",
           "/small:size=64k,mode=700,exec"},
          "ls -A /full /small | wc -w; stat -c %a /full /new /small;"
          "dd if=/dev/zero of=/small/x bs=1k count=65 2>/dev/null || echo full;"
          "stat -c %s /small/x; grep -c noexec /proc/self/mountinfo;"
          "grep ' /small ' /proc/self/mountinfo | grep -c noexec"),
      AllOf(ExitsWith(1),
            testing::Field(&Result::out,
                           AllOf(HasSubstr("2\n710\n1777\n700\nfull\n65536\n"),
                                 testing::EndsWith("\n0\n")))));
}

TEST_F(VolumesTest, ReadOnlyRootLeavesVolumesWritable) {
  const std::string name = NewVolume();
  EXPECT_THAT(Try({"-read-only", "-v", name + ":/data", "-tmpfs", "/tmp", "-w",
                   "/made/for/it"},
                  "touch /x 2>/dev/null || echo refused; touch /data/x /tmp/x "
                  "/dev/shm/x && echo ok; pwd"),
              Prints("refused\nok\n/made/for/it\n"));
}

TEST_F(VolumesTest, SizeOfSharedMemory) {
  EXPECT_THAT(Try({"-shm-size", "128k"},
                  "dd if=/dev/zero of=/dev/shm/x bs=1k count=129 2>/dev/null;"
                  "stat -c '%s' /dev/shm/x; stat -c %a /dev/shm"),
              Prints("131072\n1777\n"));
}

// ------------------------------------------------------------- its environment

TEST_F(VolumesTest, EnvironmentIsItsOwn) {
  Write("file",
        "# comment\nFROM_FILE=a b\n  INDENTED=1\r\nCALLERS\nBOTH=file\n");
  const Result result =
      Execute({.args = RunWords(
                   {"-layer", Path("base"), "-hostname", "box", "-env-file",
                    Path("file"), "-e", "BOTH=flag", "-e", "CALLERS", "-e",
                    "UNSET", "-e", "EMPTY=", "-e", "EQUALS=a=b"},
                   {"/bin/env"}),
               .environment = {{"SECRET=x", "CALLERS=from outside",
                                "PATH=/usr/bin:/bin", "HOME=/nowhere"}}});
  EXPECT_THAT(
      result,
      AllOf(ExitsWith(0),
            testing::ResultOf(
                [](const Result& r) -> std::vector<std::string> {
                  return absl::StrSplit(r.out, '\n', absl::SkipEmpty());
                },
                UnorderedElementsAre(
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:"
                    "/sbin:/bin",
                    "HOSTNAME=box", "HOME=/", "FROM_FILE=a b", "INDENTED=1",
                    "CALLERS=from outside", "BOTH=flag",
                    "EMPTY=", "EQUALS=a=b"))));
}

TEST_F(VolumesTest, TerminalAndHomeAreInTheEnvironment) {
  EXPECT_THAT(Try({"-ti"}, "echo $TERM"), Prints("xterm\n"));
  Write("base/etc/passwd", "root:x:0:0::/root:/bin/sh\nu:x:5:6::/home/u:\n");
  EXPECT_THAT(Try({"-u", "u"}, "echo $HOME"), Prints("/home/u\n"));
  EXPECT_THAT(Try({"-u", "77"}, "echo $HOME"), Prints("/\n"));
  EXPECT_THAT(Try({"-u", "u", "-e", "HOME=/mine"}, "echo $HOME"),
              Prints("/mine\n"));
}

TEST_F(VolumesTest, CommandIsFoundByTheContainersPath) {
  Write("base/opt/hello", "#!/bin/sh\necho hello\n");
  ASSERT_EQ(chmod(Path("base/opt/hello").c_str(), 0755), 0);
  EXPECT_THAT(
      Execute({.args = RunWords({"-layer", Path("base"), "-e", "PATH=/opt"},
                                {"hello"})}),
      Prints("hello\n"));
}

// -------------------------------------------------------------------- its user

class VolumesUserTest : public VolumesTest {
 protected:
  void SetUp() override {
    VolumesTest::SetUp();
    if (!IsSkipped()) {
      Write("base/etc/passwd",
            "root:x:0:0::/root:/bin/sh\nann:x:1000:100::/home/ann:/bin/sh\n"
            "1000:x:2000:2000::/:\n");
      Write("base/etc/group",
            "root:x:0:\nusers:x:100:\nwheel:x:10:root,ann\naudio:x:29:ann\n");
    }
  }

  struct Identity {
    std::vector<std::string> uid;
    std::vector<std::string> gid;
    std::vector<std::string> groups;
    std::string capabilities;
  };
  // As the kernel has it.
  static Identity As(const std::string& user) {
    std::vector<std::string> flags = {"-layer", Path("base")};
    if (!user.empty()) {
      flags.insert(flags.end(), {"-u", user});
    }
    HeldContainer container(flags);
    Identity identity = {StatusField(container.init(), "Uid"),
                         StatusField(container.init(), "Gid"),
                         StatusField(container.init(), "Groups"),
                         StatusField(container.init(), "CapPrm").at(0)};
    EXPECT_THAT(OpenFiles(container.init()), ElementsAre(0, 1, 2));
    EXPECT_THAT(container.End(), ExitsWith(0));
    return identity;
  }
};

std::vector<std::string> Four(const std::string& id) {
  return {id, id, id, id};
}

TEST_F(VolumesUserTest, IsTheKernelsUserWithItsGroups) {
  struct Case {
    std::string user;
    std::string uid;
    std::string gid;
    std::vector<std::string> groups;
  };
  for (const Case& c :
       {Case{"", "0", "0", {"0", "10"}},
        Case{"ann", "1000", "100", {"10", "29", "100"}},
        Case{"1000", "1000", "100", {"10", "29", "100"}},
        Case{"ann:audio", "1000", "29", {"29"}},
        Case{"ann:7", "1000", "7", {"7"}}, Case{"77", "77", "0", {"0"}},
        Case{"77:wheel", "77", "10", {"10"}}}) {
    const Identity identity = As(c.user);
    EXPECT_EQ(identity.uid, Four(c.uid)) << c.user;
    EXPECT_EQ(identity.gid, Four(c.gid)) << c.user;
    EXPECT_EQ(identity.groups, c.groups) << c.user;
    if (c.uid != "0") {
      EXPECT_EQ(identity.capabilities, "0000000000000000") << c.user;
    }
  }
}

TEST_F(VolumesUserTest, WhatItWritesIsItsOwn) {
  fs::create_directories(Path("dir"));
  ASSERT_EQ(chmod(Path("dir").c_str(), 0777), 0);
  EXPECT_THAT(Try({"-u", "ann", "-v", Path("dir") + ":/in"},
                  "touch /in/file; touch /root/x 2>/dev/null || echo refused"),
              Prints("refused\n"));
  struct stat attributes = {};
  ASSERT_EQ(stat(Path("dir/file").c_str(), &attributes), 0);
  EXPECT_EQ(attributes.st_uid, 1000U);
  EXPECT_EQ(attributes.st_gid, 100U);
}

// The kernel cuts that tie when a process changes its user.
TEST_F(VolumesUserTest, ContainerOfAUserDiesWithItsRun) {
  HeldContainer container({"-layer", Path("base"), "-u", "ann"});
  container.run().Signal(SIGKILL);
  EXPECT_EQ(container.run().Wait().signal, SIGKILL);
  EXPECT_TRUE(WaitForEnd(container.init()));
  EXPECT_THAT(Try({}, ":"), Prints(""));
}

TEST_F(VolumesUserTest, DirectoryIsEnteredAsTheUser) {
  EXPECT_THAT(Try({"-w", "/a/../made/./deep"}, "pwd; stat -c %u:%g:%a ."),
              Prints("/made/deep\n0:0:755\n"));
  EXPECT_THAT(Try({"-u", "ann", "-w", "/made"}, "pwd; touch x 2>&1 | wc -l"),
              Prints("/made\n1\n"));
  fs::create_directories(Path("base/shut"));
  ASSERT_EQ(chmod(Path("base/shut").c_str(), 0700), 0);
  EXPECT_THAT(Try({"-u", "ann", "-w", "/shut"}, "echo ran"),
              FailsInOneLine(125, AllOf(HasSubstr("/shut"),
                                        HasSubstr("Permission denied"))));
  EXPECT_THAT(Try({"-w", "/shut"}, "pwd"), Prints("/shut\n"));
}

// ------------------------------------------------------------------ its limits

TEST_F(VolumesTest, LimitsAreItsOwn) {
  HeldContainer container({"-layer", Path("base"), "-ulimit", "nofile=50:60",
                           "-ulimit", "core=0", "-ulimit", "fsize=4096"},
                          "head -c 5000 /dev/zero >/x 2>/dev/null");
  EXPECT_THAT(
      ReadLines(absl::StrCat("/proc/", container.init(), "/limits")),
      AllOf(Contains(testing::ContainsRegex("Max open files +50 +60")),
            Contains(testing::ContainsRegex("Max core file size +0 +0")),
            Contains(testing::ContainsRegex("Max file size +4096 +4096"))));
  EXPECT_EQ(AskInside(container.init(), {"mnt"},
                      [] { return std::to_string(fs::file_size("/x")); }),
            "4096");
  EXPECT_THAT(container.End(), ExitsWith(0));
}

// ---------------------------------------------------------------------- as
// data

TEST_F(VolumesTest, PrintSpecShowsItAndStartsNothing) {
  const std::string name = NewVolume();
  const Result result =
      Execute({.args = RunWords({"-print-spec", "-layer", Path("base"), "-v",
                                 name + ":/data:ro", "-u", "5:6", "-domainname",
                                 "dom", "-m", "64m", "-ulimit", "nofile=5:6"},
                                {"touch", "/x"})});
  EXPECT_THAT(result, ExitsWith(0));
  for (const char* part :
       {"\"ociVersion\"", "\"touch\"", "\"destination\": \"/data\"",
        "\"uid\": 5", "\"gid\": 6", "\"domainname\": \"dom\"",
        "\"limit\": 67108864", "\"RLIMIT_NOFILE\"", "\"mydocker.layers\""}) {
    EXPECT_THAT(result.out, HasSubstr(part));
  }
  EXPECT_THAT(Volume({"ls"}).out, Not(HasSubstr(name)));
}

TEST_F(VolumesTest, NoByteIsLostOnTheWay) {
  const std::string bytes = "a\xff\xfe\xc3\xa9\"\\\n\x01z";
  EXPECT_THAT(
      Execute({.args = RunWords(
                   {"-layer", Path("base"), "-e", "X=" + bytes},
                   {"sh", "-c", R"(printf '%s|%s' "$X" "$1")", "sh", bytes})}),
      Prints(bytes + "|" + bytes));
  EXPECT_THAT(Execute({.args = RunWords({"-print-spec"}, {"echo", bytes})}),
              FailsInOneLine(125, AllOf(HasSubstr("process.args[1]"),
                                        HasSubstr("not UTF-8"))));
}

TEST_F(VolumesTest, NamesOfItsOwn) {
  EXPECT_THAT(Try({"-hostname", "box", "-domainname", "example.org"},
                  "hostname; cat /proc/sys/kernel/domainname"),
              Prints("box\nexample.org\n"));
}

TEST_F(VolumesTest, NothingElseIsMountedOrOpen) {
  const std::string name = NewVolume();
  fs::create_directories(Path("dir"));
  HeldContainer container({"-layer", Path("base"), "-v", name + ":/data", "-v",
                           Path("dir") + ":/in:ro", "-tmpfs", "/tmp"});
  EXPECT_THAT(MountPointsOf(container.init()),
              UnorderedElementsAre("/", "/dev", "/dev/pts", "/dev/shm", "/sys",
                                   "/proc", "/data", "/in", "/tmp"));
  EXPECT_THAT(OpenFiles(container.init()), ElementsAre(0, 1, 2));
  EXPECT_THAT(MountLine(container.init(), "/in"), HasSubstr(" /in ro,"));
  EXPECT_THAT(container.End(), ExitsWith(0));
}

}  // namespace
}  // namespace blackbox
