// Whiteouts and their attributes are root's to make, so most of this is skipped
// for others.

#include "common/files/layer.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>

#include "common/process/tool.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::MatchesRegex;

class LayerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can make whiteouts";
    }
    directory_.MakeDirectory("upper/folder");
    directory_.MakeDirectory("out");
  }

  std::string Archive() const { return directory_.File("layer.tar"); }
  std::string ListOfArchive() const {
    return RunTool({"tar", "--list", "--file", Archive()}).value_or("failed");
  }
  void MakeWhiteout(const std::string& name) const {
    EXPECT_EQ(mknod(directory_.File(name).c_str(), S_IFCHR, makedev(0, 0)), 0);
  }
  bool IsWhiteout(const std::string& name) const {
    struct stat attributes = {};
    return lstat(directory_.File(name).c_str(), &attributes) == 0 &&
           S_ISCHR(attributes.st_mode) && attributes.st_rdev == makedev(0, 0);
  }
  bool IsOpaque(const std::string& name) const {
    char value = 0;
    return getxattr(directory_.File(name).c_str(), "trusted.overlay.opaque",
                    &value, 1) == 1 &&
           value == 'y';
  }
  void MakeOpaque(const std::string& name) const {
    EXPECT_EQ(setxattr(directory_.File(name).c_str(), "trusted.overlay.opaque",
                       "y", 1, 0),
              0);
  }

  const TempDirectory directory_;
};

TEST_F(LayerTest, HasAnIdAndASize) {
  directory_.Write("upper/one", "12345");
  directory_.Write("upper/folder/two", "1234567");
  const absl::StatusOr<LayerInfo> info =
      PackLayer(directory_.File("upper"), Archive());
  ASSERT_THAT(info, IsOk());
  EXPECT_THAT(info->id, MatchesRegex("sha256:[0-9a-f]+"));
  EXPECT_EQ(info->id.size(), 7 + 64);
  EXPECT_EQ(info->bytes, 12);
  EXPECT_EQ(ListOfArchive(), "folder/\nfolder/two\none\n");
}

TEST_F(LayerTest, WhiteoutsBecomeMarksAndBack) {
  directory_.Write("upper/kept", "x");
  MakeWhiteout("upper/folder/gone");
  MakeOpaque("upper/folder");
  ASSERT_THAT(PackLayer(directory_.File("upper"), Archive()), IsOk());
  EXPECT_EQ(ListOfArchive(),
            "folder/.wh..wh..opq\nfolder/.wh.gone\nfolder/\nkept\n");
  ASSERT_THAT(UnpackLayer(Archive(), directory_.File("out")), IsOk());
  EXPECT_EQ(directory_.Read("out/kept"), "x");
  EXPECT_TRUE(IsWhiteout("out/folder/gone"));
  EXPECT_TRUE(IsOpaque("out/folder"));
  EXPECT_FALSE(directory_.Has("out/folder/.wh.gone"));
  EXPECT_FALSE(directory_.Has("out/folder/.wh..wh..opq"));
}

TEST_F(LayerTest, PackedAgainIsTheSame) {
  directory_.Write("upper/file", "x");
  MakeWhiteout("upper/folder/gone");
  const absl::StatusOr<LayerInfo> first =
      PackLayer(directory_.File("upper"), Archive());
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(UnpackLayer(Archive(), directory_.File("out")), IsOk());
  const absl::StatusOr<LayerInfo> second =
      PackLayer(directory_.File("out"), directory_.File("second.tar"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->id, first->id) << "times, too, survive";
}

TEST_F(LayerTest, MarkBesideADirectoryMakesItOpaque) {
  directory_.Write("upper/.wh.folder", "");
  ASSERT_THAT(RunTool({"tar", "--create", "--file", Archive(), "--directory",
                       directory_.File("upper"), "."}),
              IsOk());
  ASSERT_THAT(UnpackLayer(Archive(), directory_.File("out")), IsOk());
  EXPECT_TRUE(IsOpaque("out/folder"));
}

TEST_F(LayerTest, MarkAtTheTopHidesAllBelow) {
  EXPECT_FALSE(HidesAllBelow(directory_.File("out")));
  MakeOpaque("upper");
  directory_.Write("upper/.wh..wh..opq", "");
  ASSERT_THAT(RunTool({"tar", "--create", "--file", Archive(), "--directory",
                       directory_.File("upper"), ".wh..wh..opq", "folder"}),
              IsOk());
  ASSERT_THAT(UnpackLayer(Archive(), directory_.File("out")), IsOk());
  EXPECT_TRUE(HidesAllBelow(directory_.File("out")));
  EXPECT_FALSE(directory_.Has("out/.wh..wh..opq"));
}

TEST_F(LayerTest, ColonIsNoHostsName) {
  directory_.MakeDirectory("up:per/folder");
  const std::string archive = directory_.File("up:per.tar");
  ASSERT_THAT(PackLayer(directory_.File("up:per"), archive), IsOk());
  ASSERT_THAT(UnpackLayer(archive, directory_.File("out")), IsOk());
  EXPECT_TRUE(directory_.Has("out/folder"));
}

TEST_F(LayerTest, MarksThatNameNothingAreRefused) {
  directory_.Write("upper/.wh...", "");
  ASSERT_THAT(RunTool({"tar", "--create", "--file", Archive(), "--directory",
                       directory_.File("upper"), "."}),
              IsOk());
  EXPECT_THAT(UnpackLayer(Archive(), directory_.File("out")), Says(".wh..."));
}

TEST_F(LayerTest, NameOfAMarkCannotBePacked) {
  directory_.Write("upper/folder/.wh.x", "");
  EXPECT_THAT(
      PackLayer(directory_.File("upper"), Archive()),
      AllOf(HasCode(absl::StatusCode::kInvalidArgument), Says("folder/.wh.x")));
  EXPECT_FALSE(directory_.Has("layer.tar"));
}

TEST_F(LayerTest, WhatIsNoDirectoryOrNoArchiveIsTold) {
  EXPECT_THAT(PackLayer(directory_.File("none"), Archive()),
              AllOf(HasErrno(ENOENT), Says("none")));
  EXPECT_THAT(
      UnpackLayer(directory_.Write("text", "hello"), directory_.File("out")),
      AllOf(Says(directory_.File("text")), Says("tar")));
  EXPECT_THAT(UnpackLayer(directory_.File("none.tar"), directory_.File("out")),
              Says("No such file"));
}

}  // namespace
}  // namespace mydocker
