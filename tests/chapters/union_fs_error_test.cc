// Chapter 10: layers that are none, places for changes that will not do, hosts
// that refuse. Each gets one clear line, and nothing stays.

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/faults.h"
#include "tests/support/held_container.h"
#include "tests/support/layers_test.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"10-union-fs",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

using testing::AllOf;
using testing::HasSubstr;

namespace fs = std::filesystem;

class UnionFsErrorTest : public LayersTest {
 protected:
  // The command would leave a file in what is kept, if it ran.
  static Result Try(const std::vector<std::string>& flags) {
    return Execute({.args = RunWords(flags, {"touch", "/made"})});
  }
  static Result TryToKeep(const std::string& directory) {
    std::vector<std::string> flags = Flags({"base"});
    flags.insert(flags.end(), {"-keep-upper", directory});
    return Try(flags);
  }
};

TEST_F(UnionFsErrorTest, LayerThatIsNotThere) {
  for (const auto& layers : std::vector<std::vector<std::string>>{
           {"nowhere"}, {"base", "nowhere"}, {"nowhere", "base"}}) {
    EXPECT_THAT(Try(Flags(layers)),
                FailsInOneLine(125, AllOf(HasSubstr(Path("nowhere")),
                                          HasSubstr("No such file"))));
  }
}

TEST_F(UnionFsErrorTest, LayerThatIsNoLayer) {
  Write("file", "no archive");
  EXPECT_THAT(Try(Flags({"base", "file"})),
              FailsInOneLine(125, AllOf(HasSubstr(Path("file")),
                                        HasSubstr("tar archive"))));
  EXPECT_THAT(
      Try({"-layer", "/dev/null"}),
      FailsInOneLine(125, AllOf(HasSubstr("/dev/null"), HasSubstr("neither"))));
  EXPECT_THAT(Try({"-layer", ""}), FailsInOneLine(125, HasSubstr("layer")));
  EXPECT_THAT(Try({"-layer"}), FailsInOneLine(125, HasSubstr("layer")));
}

TEST_F(UnionFsErrorTest, ArchiveThatIsCutOff) {
  Write("big/etc/file", std::string(100000, 'x'));
  EXPECT_THAT(RunOnHost("cd " + Path("") +
                        "; tar -cf a.tar -C big . && truncate -s 50000 a.tar"),
              Prints(""));
  EXPECT_THAT(Try(Flags({"base", "a.tar"})),
              FailsInOneLine(125, HasSubstr(Path("a.tar"))));
}

TEST_F(UnionFsErrorTest, LayerThatIsGivenTwice) {
  fs::create_symlink("base", Path("link"));
  Write("one/x", "");
  for (const auto& layers :
       std::vector<std::vector<std::string>>{{"base", "base"},
                                             {"base", "one", "base/"},
                                             {"base", "link"},
                                             {"base", "../layers/base"}}) {
    EXPECT_THAT(Try(Flags(layers)),
                FailsInOneLine(125, AllOf(HasSubstr(Path(layers.back())),
                                          HasSubstr("twice"))));
  }
}

TEST_F(UnionFsErrorTest, LayerThatLiesInAnother) {
  EXPECT_THAT(Try(Flags({"base", "base/etc"})),
              FailsInOneLine(125, HasSubstr("lies in another")));
}

TEST_F(UnionFsErrorTest, LayersWithoutARootFileSystem) {
  Write("one/etc/x", "");
  EXPECT_THAT(
      Try(Flags({"one"})),
      FailsInOneLine(125, AllOf(HasSubstr("proc"), HasSubstr("make rootfs"))));
}

// The same trap as in chapter 9, now in a layer.
TEST_F(UnionFsErrorTest, LayerWhoseDevLeadsElsewhere) {
  Write("one/x", "");
  fs::create_symlink("/tmp", Path("one/dev"));
  EXPECT_THAT(Try(Flags({"base", "one"})),
              FailsInOneLine(125, AllOf(HasSubstr("dev"), HasSubstr("link"))));
}

TEST_F(UnionFsErrorTest, EitherRootOrLayers) {
  EXPECT_THAT(
      Try({"-rootfs", Path("base"), "-layer", Path("base")}),
      FailsInOneLine(125, AllOf(HasSubstr("-rootfs"), HasSubstr("-layer"))));
  EXPECT_THAT(Try({"-keep-upper", Path("kept")}),
              FailsInOneLine(
                  125, AllOf(HasSubstr("-keep-upper"), HasSubstr("-layer"))));
  EXPECT_FALSE(fs::exists(Path("kept")));
}

TEST_F(UnionFsErrorTest, PlaceToKeepThatWillNotDo) {
  Write("file", "");
  EXPECT_THAT(TryToKeep(Path("file")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("file")),
                                        HasSubstr("Not a directory"))));
  EXPECT_THAT(TryToKeep(Path("nowhere/kept")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("nowhere/kept")),
                                        HasSubstr("No such file"))));
  for (const std::string& place :
       {Path("base"), Path("base/"), Path("base/etc"), Path("base/new"),
        Path(""), std::string("/")}) {
    EXPECT_THAT(
        TryToKeep(place),
        FailsInOneLine(125, AllOf(HasSubstr(place), HasSubstr(Path("base")))))
        << place;
  }
  EXPECT_FALSE(fs::exists(Path("base/new")));
}

TEST_F(UnionFsErrorTest, PlaceThatAnotherContainerUses) {
  HeldContainer first({"-layer", Path("base"), "-keep-upper", Path("kept")});
  EXPECT_THAT(TryToKeep(Path("kept")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("kept")),
                                        HasSubstr("another container"))));
  EXPECT_THAT(first.End(), ExitsWith(0));
  EXPECT_THAT(TryToKeep(Path("kept")), ExitsWith(0));
}

TEST_F(UnionFsErrorTest, FileSystemsThatAreUnfit) {
  EXPECT_THAT(
      Try({"-layer", "/proc"}),
      FailsInOneLine(125, AllOf(HasSubstr("overlay"), HasSubstr("not fit"))));
  // An overlay of the test's own: changes cannot lie on one.
  for (const char* name : {"lower", "upper", "work", "merged"}) {
    fs::create_directory(Path(name));
  }
  const std::string options =
      absl::StrCat("lowerdir=", Path("lower"), ",upperdir=", Path("upper"),
                   ",workdir=", Path("work"));
  ASSERT_EQ(
      mount("overlay", Path("merged").c_str(), "overlay", 0, options.c_str()),
      0);
  EXPECT_THAT(
      TryToKeep(Path("merged/kept")),
      FailsInOneLine(125, AllOf(HasSubstr("overlay"), HasSubstr("not fit"))));
  EXPECT_EQ(Names(Path("merged")), std::set<std::string>{"kept"});
  EXPECT_EQ(umount(Path("merged").c_str()), 0);
}

TEST_F(UnionFsErrorTest, KernelWithoutOverlayfs) {
  EXPECT_THAT(Execute({.args = RunWords(Flags({"base"}), {"touch", "/made"}),
                       .before_exec = RefuseMountsWithoutFlags}),
              FailsInOneLine(125, AllOf(HasSubstr("ENODEV"),
                                        HasSubstr("modprobe overlay"))));
}

TEST_F(UnionFsErrorTest, ReadOnlyPlaceToKeep) {
  fs::create_directory(Path("kept"));
  ASSERT_EQ(mount("tmpfs", Path("kept").c_str(), "tmpfs", MS_RDONLY, nullptr),
            0);
  EXPECT_THAT(TryToKeep(Path("kept")), FailsInOneLine(125, HasSubstr("")));
  EXPECT_THAT(TryToKeep(Path("kept/new")),
              FailsInOneLine(125, HasSubstr("ead-only")));
  EXPECT_EQ(umount(Path("kept").c_str()), 0);
}

TEST_F(UnionFsErrorTest, HostThatForbidsMountsIsTold) {
  EXPECT_THAT(Execute({.args = RunWords(Flags({"base"}), {"touch", "made"}),
                       .before_exec = RefuseMounts}),
              FailsInOneLine(125, HasSubstr("mount")));
}

TEST_F(UnionFsErrorTest, OrdinaryUserIsToldWhatItTakes) {
  EXPECT_THAT(Execute({.args = RunWords(Flags({"base"}), {"touch", "made"}),
                       .uid = kOrdinaryUser}),
              FailsInOneLine(125, HasSubstr("sudo")));
}

}  // namespace
}  // namespace blackbox
