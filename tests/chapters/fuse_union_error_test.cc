// Chapter 11: an error in a command line, a directory or the machine is
// reported in one line, with exit status 125, and nothing is mounted.

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/file_tree.h"
#include "tests/support/mounts.h"
#include "tests/support/program.h"
#include "tests/support/union_test.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// The fixture checks that no mounts and processes remain.
class FuseUnionErrorTest : public UnionTest {
 protected:
  void SetUp() override {
    UnionTest::SetUp();
    if (!IsSkipped()) {
      for (const char* name : {"low", "other", "upper", "tree"}) {
        Make(name);
      }
    }
  }

  static Result Try(const std::vector<std::string>& lower,
                    const std::string& upper, const std::string& point) {
    return Execute({.args = Words(lower, upper, point)});
  }
};

TEST_F(FuseUnionErrorTest, WordsThatAreMissingOrTooMany) {
  EXPECT_THAT(Execute({.args = {"-lower", Path("low")}}),
              FailsInOneLine(125, HasSubstr("one directory is needed")));
  EXPECT_THAT(Execute({.args = {"-lower", Path("low"), Path("tree"), "more"}}),
              FailsInOneLine(125, HasSubstr("one directory is needed")));
  EXPECT_THAT(Try({}, "upper", "tree"),
              FailsInOneLine(125, HasSubstr("a union needs a layer")));
  EXPECT_THAT(Execute({.args = {"-nonsense", Path("tree")}}),
              FailsInOneLine(125, HasSubstr("nonsense")));
  // A flag of another chapter.
  EXPECT_THAT(
      Execute({.args = {"-m", "100m", "-lower", Path("low"), Path("tree")}}),
      FailsInOneLine(125, HasSubstr("unknown flag 'm'")));
  EXPECT_THAT(Execute({.args = {"-without", "rain", "-lower", Path("low"),
                                Path("tree")}}),
              FailsInOneLine(125, HasSubstr("-without \"rain\"")));
}

TEST_F(FuseUnionErrorTest, DirectoriesThatAreNone) {
  Write("file", "");
  EXPECT_THAT(Try({"missing"}, "", "tree"),
              FailsInOneLine(125, AllOf(HasSubstr("use layer"),
                                        HasSubstr("missing: No such file"))));
  EXPECT_THAT(Try({"low", "file"}, "", "tree"),
              FailsInOneLine(125, HasSubstr("file: Not a directory")));
  EXPECT_THAT(Try({"low"}, "missing", "tree"),
              FailsInOneLine(125, HasSubstr("use upper directory")));
  EXPECT_THAT(Try({"low"}, "upper", "missing"),
              FailsInOneLine(125, HasSubstr("use mount point")));
  EXPECT_THAT(Try({"low"}, "upper", "file"),
              FailsInOneLine(125, HasSubstr("Not a directory")));
}

TEST_F(FuseUnionErrorTest, DirectoriesThatLieInEachOther) {
  Make("low/inside");
  ASSERT_EQ(symlink(Path("low").c_str(), Path("link").c_str()), 0);
  EXPECT_THAT(Try({"low", "link"}, "", "tree"),
              FailsInOneLine(125, HasSubstr("are the same directory")));
  EXPECT_THAT(Try({"low", "low/inside"}, "", "tree"),
              FailsInOneLine(125, HasSubstr("they must lie apart")));
  EXPECT_THAT(Try({"low/inside", "low"}, "", "tree"),
              FailsInOneLine(125, HasSubstr("they must lie apart")));
  EXPECT_THAT(Try({"low"}, "low/inside", "tree"),
              FailsInOneLine(125, HasSubstr("they must lie apart")));
  EXPECT_THAT(Try({"low"}, "upper", "low"),
              FailsInOneLine(125, HasSubstr("are the same directory")));
  EXPECT_THAT(Try({"low"}, "upper", "low/inside"),
              FailsInOneLine(125, HasSubstr("they must lie apart")));
  EXPECT_THAT(Try({"low"}, "upper", "upper"),
              FailsInOneLine(125, HasSubstr("are the same directory")));
}

// Directories that cannot be an upper directory: /proc cannot be written to, a
// mount point has no directory beside it on its file system, and another union
// hides its marks.
TEST_F(FuseUnionErrorTest, UpperThatCannotHoldOne) {
  EXPECT_THAT(Execute({.args = {"-lower", Path("low"), "-upper",
                                "/proc/self/net/stat", Path("tree")}}),
              FailsInOneLine(125, HasSubstr("proc/")));
  ASSERT_EQ(mount("tmpfs", Path("upper").c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_THAT(Try({"low"}, "upper", "tree"),
              FailsInOneLine(125, HasSubstr("a file system is mounted there")));
  Make("upper/inside");
  ASSERT_EQ(mount(nullptr, Path("upper").c_str(), nullptr,
                  MS_REMOUNT | MS_RDONLY, nullptr),
            0);
  EXPECT_THAT(Try({"low"}, "upper/inside", "tree"),
              FailsInOneLine(125, HasSubstr("(EROFS)")));
  ASSERT_EQ(umount(Path("upper").c_str()), 0);
  MountUnion({"low"}, "upper", "outer");
  Make("outer/upper");
  EXPECT_THAT(Try({"other"}, "outer/upper", "tree"),
              FailsInOneLine(125, HasSubstr("(EPERM)")));
}

// A union empties the work directory that a killed union left, but not a
// directory with somebody else's files.
TEST_F(FuseUnionErrorTest, WorkDirectoryOfSomebodyElse) {
  Write("upper.union-work/letters", "dear");
  EXPECT_THAT(Try({"low"}, "upper", "tree"),
              FailsInOneLine(125, HasSubstr("has a file letters")));
  EXPECT_EQ(Read("upper.union-work/letters"), "dear");
}

TEST_F(FuseUnionErrorTest, MountPointThatIsBusy) {
  MountUnion({"low"}, "upper", "tree");
  EXPECT_THAT(
      Try({"other"}, "", "tree"),
      FailsInOneLine(125, HasSubstr("fuse.mydocker-union is mounted there")));
}

// In use by another union, or by an overlay. An upper directory in use cannot
// be a layer, either.
TEST_F(FuseUnionErrorTest, UpperThatIsInUse) {
  MountUnion({"low"}, "upper", "first");
  EXPECT_THAT(Try({"low"}, "upper", "tree"),
              FailsInOneLine(125, HasSubstr("another union uses it")));
  EXPECT_THAT(Try({"upper"}, "", "tree"),
              FailsInOneLine(125, HasSubstr("end that first")));
  MountOverlay({"other"}, "upper-o", "overlay");
  EXPECT_THAT(Try({"low"}, "upper-o", "tree"),
              FailsInOneLine(125, HasSubstr("upper-o")));
  EXPECT_THAT(ListDirectory(Path("tree")).entries, IsEmpty());
}

TEST_F(FuseUnionErrorTest, MachineWithoutFuse) {
  const auto without_device = [] {
    return HostWithMounts(MS_PRIVATE)() &&
           mount("tmpfs", "/dev", "tmpfs", 0, nullptr) == 0 &&
           mknod("/dev/null", S_IFCHR | 0666, 0x103) == 0;
  };
  EXPECT_THAT(Execute({.args = Words({"low"}, "upper", "tree"),
                       .before_exec = without_device}),
              FailsInOneLine(125, AllOf(HasSubstr("/dev/fuse"),
                                        HasSubstr("modprobe fuse"))));
}

TEST_F(FuseUnionErrorTest, OrdinaryUserWithoutFusermount) {
  EXPECT_THAT(Execute({.args = Words({"low"}, "", "tree"),
                       .environment = std::vector<std::string>{"PATH=/nowhere"},
                       .uid = kOrdinaryUser}),
              FailsInOneLine(125, HasSubstr("there is no fusermount3")));
}

// The mount point is not the user's, so fusermount3 refuses: our line contains
// its message.
TEST_F(FuseUnionErrorTest, OrdinaryUserOnADirectoryOfRoot) {
  GiveFuseToAll();
  EXPECT_THAT(
      Execute({.args = Words({"low"}, "", "tree"), .uid = kOrdinaryUser}),
      FailsInOneLine(
          125, AllOf(HasSubstr("mount a union on"), HasSubstr("fusermount3"))));
}

// If the mount fails, the program removes what it made for it.
TEST_F(FuseUnionErrorTest, LeavesNothingBesideTheUpperDirectory) {
  ASSERT_EQ(chmod(Path("").c_str(), 0777), 0);
  ASSERT_EQ(chown(Path("upper").c_str(), kOrdinaryUser, kOrdinaryUser), 0);
  EXPECT_THAT(
      Execute({.args = Words({"low"}, "upper", "tree"), .uid = kOrdinaryUser}),
      FailsInOneLine(125, HasSubstr("mount a union on")));
  EXPECT_NE(access(Path("upper.union-work").c_str(), F_OK), 0);
}

}  // namespace
}  // namespace blackbox
