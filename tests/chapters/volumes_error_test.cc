// Chapter 12: what cannot be, and hosts that refuse. Each gets one clear line,
// and nothing stays.

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faults.h"
#include "tests/support/held_container.h"
#include "tests/support/program.h"
#include "tests/support/volumes_test.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

using testing::AllOf;
using testing::HasSubstr;

class VolumesErrorTest : public VolumesTest {
 protected:
  void SetUp() override {
    VolumesTest::SetUp();
    if (!IsSkipped()) {
      Write("dir/file", "");
    }
  }
  // The command would leave a file in what is kept, if it ran.
  static void ExpectOneLine(const std::vector<std::string>& flags,
                            const std::vector<std::string>& mentions) {
    std::vector<std::string> all = {"-layer", Path("base"), "-keep-upper",
                                    Path("kept")};
    all.insert(all.end(), flags.begin(), flags.end());
    const Result result = Execute({.args = RunWords(all, {"touch", "/ran"})});
    for (const std::string& mention : mentions) {
      EXPECT_THAT(result, FailsInOneLine(125, HasSubstr(mention)))
          << absl::StrJoin(flags, " ");
    }
    EXPECT_FALSE(fs::exists(Path("kept/ran")));
  }
};

TEST_F(VolumesErrorTest, VolumeThatIsNone) {
  const std::string dir = Path("dir");
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
           {dir, "expected SOURCE:TARGET"},
           {dir + ":/a:ro:x", "expected SOURCE:TARGET"},
           {":/a", "neither a path"},
           {"-a:/a", "neither a path"},
           {"a b:/a", "neither a path"},
           {"n\xff:/a", "neither a path"},
           {dir + ":", "is no path from the container's root"},
           {dir + ":a", "is no path from the container's root"},
           {dir + ":./a", "is no path from the container's root"},
           {dir + ":/", "the target is the container's root"},
           {dir + ":/a/../.", "the target is the container's root"},
           {dir + ":////", "the target is the container's root"},
           {dir + ":/proc", "in /proc"},
           {dir + ":/proc/", "in /proc"},
           {dir + ":/a/..//proc/sys", "in /proc"},
           {dir + ":/a:", "there is no option \"\""},
           {dir + ":/a:r", "there is no option \"r\""},
           {dir + ":/a:ro,", "there is no option \"\""},
           {dir + ":/a:size=1", "there is no option \"size=1\""},
           {dir + ":/a:rw,ro", "\"ro\" says again, or takes back"},
           {dir + ":/a:rslave,rshared", "\"rshared\" says again"},
           {Path("nowhere") + ":/a", "No such file or directory (ENOENT)"},
           {Path("dir/file") + "/x:/a", "Not a directory (ENOTDIR)"},
           {dir + ":/bin/busybox", "/bin/busybox is no directory"},
           {Path("dir/file") + ":/etc", "/etc is a directory"},
           {dir + ":/bin/busybox/x", "Not a directory (ENOTDIR)"},
           {dir + ":/" + std::string(256, 'x'), "(ENAMETOOLONG)"},
           {std::string(256, 'x') + ":/a", "(ENAMETOOLONG)"}}) {
    ExpectOneLine({"-v", text}, {why});
  }
  ExpectOneLine({"-v", ""}, {"flag 'v' needs a value"});
}

// Else "x" would be taken for "/x".
TEST_F(VolumesErrorTest, RelativeSourceInADirectoryThatIsGone) {
  const auto leave = [] {
    return mkdir("gone", 0755) == 0 && chdir("gone") == 0 &&
           rmdir("../gone") == 0;
  };
  EXPECT_THAT(
      Execute({.args = RunWords({"-layer", Path("base"), "-v", "./tmp:/a"},
                                {"true"}),
               .before_exec = leave}),
      FailsInOneLine(125, AllOf(HasSubstr("./tmp"), HasSubstr("(ENOENT)"))));
}

TEST_F(VolumesErrorTest, TargetGivenTwice) {
  ExpectOneLine({"-v", Path("dir") + ":/a", "-tmpfs", "/b/../a/"},
                {"the target /a is given twice"});
  ExpectOneLine({"-tmpfs", "/dev/shm", "-shm-size", "1m"},
                {"the target /dev/shm is given twice"});
}

TEST_F(VolumesErrorTest, TargetThatALinkLeadsElsewhere) {
  fs::create_symlink("/nowhere", Path("base/dangling"));
  fs::create_symlink("circle", Path("base/circle"));
  fs::create_symlink("/", Path("base/root-link"));
  ExpectOneLine({"-v", Path("dir") + ":/dangling"},
                {"/dangling: it is a symbolic link that leads nowhere"});
  ExpectOneLine({"-v", Path("dir") + ":/circle"}, {"(ELOOP)"});
  ExpectOneLine({"-v", Path("dir") + ":/root-link"},
                {"/root-link leads to the container's root"});
}

TEST_F(VolumesErrorTest, TmpfsThatIsNone) {
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"a", "is no path from the container's root"},
           {"/proc/x", "in /proc"},
           {"/a:", "there is no option \"\""},
           {"/a:size", "there is no option \"size\""},
           {"/a:size=", "there is no option \"size=\""},
           {"/a:mpol=local", "there is no option \"mpol=local\""},
           {"/a:size=1m,size=2m", "\"size=2m\" says again"},
           {"/a:exec,noexec", "\"noexec\" says again"},
           {"/a:size=much", "Bad value for 'size'"},
           {"/a:mode=rwx", "mode"},
           {"/a:uid=-2", "uid"},
           {"/bin/busybox", "/bin/busybox is no directory"}}) {
    ExpectOneLine({"-tmpfs", text}, {why});
  }
  ExpectOneLine({"-shm-size", "much"}, {"much"});
}

TEST_F(VolumesErrorTest, OnlyWithFilesOfItsOwn) {
  for (const auto& flags :
       std::vector<std::vector<std::string>>{{"-v", Path("dir") + ":/a"},
                                             {"-tmpfs", "/a"},
                                             {"-read-only"},
                                             {"-shm-size", "1m"}}) {
    EXPECT_THAT(Execute({.args = RunWords(flags, {"true"})}),
                FailsInOneLine(125, HasSubstr("-layer or -rootfs")));
  }
}

TEST_F(VolumesErrorTest, PropagationWithoutASharedSource) {
  ASSERT_EQ(mount("tmpfs", Path("dir").c_str(), "tmpfs", 0, nullptr), 0);
  ASSERT_EQ(mount(nullptr, Path("dir").c_str(), nullptr, MS_PRIVATE, nullptr),
            0);
  for (const char* option : {"rslave", "rshared"}) {
    ExpectOneLine({"-v", absl::StrCat(Path("dir"), ":/a:", option)},
                  {"is in a mount that is private"});
  }
  EXPECT_EQ(umount2(Path("dir").c_str(), MNT_DETACH), 0);
}

// The host would have it, too, and keep it.
TEST_F(VolumesErrorTest, NothingIsMountedInAVolumeThatIsShared) {
  fs::create_directories(Path("dir/below"));
  ExpectOneLine({"-v", Path("dir") + ":/a:rshared", "-tmpfs", "/a/below"},
                {"it lies in a volume with rshared"});
}

TEST_F(VolumesErrorTest, UserThatIsNone) {
  Write("base/etc/passwd", "root:x:0:0::/root:/bin/sh\nbroken\n:x:7:7:::\n");
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"nobody", "there is no user \"nobody\""},
           {"broken", "there is no user \"broken\""},
           {"root:nogroup", "there is no group \"nogroup\""},
           {"0:nogroup", "there is no group \"nogroup\""},
           {":0", "expected USER or USER:GROUP"},
           {"0:", "expected USER or USER:GROUP"},
           {"0:0:0", "expected USER or USER:GROUP"},
           {"4294967295", "from 0 to 4294967294"},
           {"0:4294967296", "from 0 to 4294967294"},
           {"-1", "there is no user \"-1\""}}) {
    ExpectOneLine({"-u", text}, {why, "-u " + text});
  }
}

// The image's maker chooses what they are.
TEST_F(VolumesErrorTest, UsersFileThatIsATrap) {
  ASSERT_THAT(RunOnHost("mkfifo " + Path("base/etc/passwd")), Prints(""));
  ExpectOneLine({"-u", "1"}, {"/etc/passwd: it is no ordinary file"});
  fs::remove(Path("base/etc/passwd"));
  ASSERT_THAT(RunOnHost("truncate -s 1G " + Path("base/etc/passwd")),
              Prints(""));
  ExpectOneLine({"-u", "1"}, {"/etc/passwd: it has more than"});
  fs::remove(Path("base/etc/passwd"));
  // Not the host's: root's password would say who is there.
  fs::create_symlink("../../../../../../etc/passwd", Path("base/etc/passwd"));
  ExpectOneLine({"-u", "daemon"}, {"(ELOOP)"});
}

TEST_F(VolumesErrorTest, DirectoryThatIsNone) {
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"rel", "is no path from the container's root"},
           {"/bin/busybox", "Not a directory (ENOTDIR)"},
           {"/bin/busybox/x", "Not a directory (ENOTDIR)"},
           {"/proc/nowhere", "(ENOENT)"}}) {
    ExpectOneLine({"-w", text}, {why, text});
  }
}

TEST_F(VolumesErrorTest, EnvironmentThatIsNone) {
  Write("no-name", "A=1\n=x\n");
  Write("spaces", "A B=1\n");
  Write("nul", std::string("A=1\nB=\0x\n", 9));
  ExpectOneLine({"-e", "=x"}, {"-e =x: \"=x\" has no name"});
  ExpectOneLine({"-e", ""}, {"flag 'e' needs a value"});
  ExpectOneLine({"-env-file", Path("no-name")}, {"line 2: \"=x\" has no name"});
  ExpectOneLine({"-env-file", Path("spaces")},
                {"line 1: the name \"A B\" has spaces in it"});
  ExpectOneLine({"-env-file", Path("nul")}, {"line 2: it has a NUL byte"});
  ExpectOneLine({"-env-file", Path("nowhere")}, {"(ENOENT)"});
  ExpectOneLine({"-env-file", Path("dir")}, {"(EISDIR)"});
}

TEST_F(VolumesErrorTest, LimitThatIsNone) {
  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"nofile", "expected NAME=SOFT"},
           {"nofile=", "expected NAME=SOFT"},
           {"nofile=1:", "expected NAME=SOFT"},
           {"nofile=1:2:3", "expected NAME=SOFT"},
           {"nofile=+1", "expected NAME=SOFT"},
           {"nofile=1k", "expected NAME=SOFT"},
           {"nofile=99999999999999999999", "expected NAME=SOFT"},
           {"NOFILE=1", "there is no limit \"NOFILE\""},
           {"=1", "there is no limit \"\""},
           {"nofile=2:1", "the soft limit is above the hard one"},
           {"nofile=-1", "the caller may not raise it so far"}}) {
    ExpectOneLine({"-ulimit", text}, {why});
  }
  ExpectOneLine({"-ulimit", "core=0", "-ulimit", "core=1"},
                {"this limit is given twice"});
}

TEST_F(VolumesErrorTest, VolumeCommands) {
  for (const auto& [words, why] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "a command is missing"},
           {{"prune"}, "there is no command \"prune\""},
           {{"ls", "x"}, "takes no words"},
           {{"rm"}, "the name of a volume is missing"},
           {{"create"}, "the name of a volume is missing"},
           {{"rm", "nowhere-at-all"}, "there is no volume nowhere-at-all"},
           {{"rm", "../volumes"}, "is no name of a volume"},
           {{"rm", ".."}, "is no name of a volume"},
           {{"create", ".hidden"}, "is no name of a volume"},
           {{"create", "a/b"}, "is no name of a volume"},
           {{"create", ""}, "is no name of a volume"},
           {{"create", std::string(256, 'x')}, "(ENAMETOOLONG)"}}) {
    EXPECT_THAT(Volume(words), FailsInOneLine(125, HasSubstr(why)))
        << absl::StrJoin(words, " ");
  }
}

TEST_F(VolumesErrorTest, VolumesAreRoots) {
  Invocation ls = {.args = {"volume", "create", "x"}, .uid = kOrdinaryUser};
  EXPECT_THAT(Execute(ls), FailsInOneLine(125, HasSubstr("use sudo")));
}

}  // namespace
}  // namespace blackbox
