// Making whiteouts and giving files away needs root.

#include "common/files/unpack_layer.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/files/layer.h"
#include "common/files/pack_layer.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/tar.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

class UnpackLayerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can make whiteouts";
    }
    directory_.MakeDirectory("out");
  }

  absl::Status Unpack(const std::string& archive,
                      const std::vector<std::string>& below = {}) const {
    return UnpackLayer(directory_.Write("layer.tar", archive),
                       directory_.File("out"), below);
  }
  absl::Status Unpack(const std::vector<Packed>& members) const {
    return Unpack(TarOf(members));
  }
  struct stat Look(const std::string& name) const {
    struct stat attributes = {};
    EXPECT_EQ(lstat(directory_.File(name).c_str(), &attributes), 0) << name;
    return attributes;
  }
  // Returns mode and owner: "41777 7:8" is a directory that all may write to,
  // owned by user 7 and group 8.
  std::string Mode(const std::string& name) const {
    const struct stat attributes = Look(name);
    return absl::StrFormat("%o %d:%d", attributes.st_mode, attributes.st_uid,
                           attributes.st_gid);
  }
  bool IsOpaqueAt(const std::string& name) const {
    return IsOpaque(OpenDirectory(directory_.File(name)));
  }

  const TempDirectory directory_;
};

TEST_F(UnpackLayerTest, WhatWasPackedIsPackedTheSame) {
  directory_.Write("upper/folder/file", "x", 04711);
  directory_.Link("/etc/passwd", "upper/folder/link");
  std::filesystem::create_hard_link(directory_.File("upper/folder/file"),
                                    directory_.File("upper/hard"));
  ASSERT_EQ(chown(directory_.File("upper/folder").c_str(), 7, 8), 0);
  ASSERT_EQ(setxattr(directory_.File("upper/folder").c_str(),
                     "trusted.overlay.opaque", "y", 1, 0),
            0);
  ASSERT_EQ(setxattr(directory_.File("upper/hard").c_str(), "trusted.mine", "y",
                     1, 0),
            0);
  ASSERT_EQ(
      mknod(directory_.File("upper/gone").c_str(), S_IFCHR, makedev(0, 0)), 0);
  ASSERT_EQ(mknod(directory_.File("upper/null").c_str(), S_IFCHR | 0666,
                  makedev(1, 3)),
            0);
  ASSERT_EQ(mkfifo(directory_.File("upper/pipe").c_str(), 0640), 0);
  const timespec times[2] = {{1, 5}, {1, 5}};
  ASSERT_EQ(utimensat(AT_FDCWD, directory_.File("upper/folder/link").c_str(),
                      times, AT_SYMLINK_NOFOLLOW),
            0);
  const absl::StatusOr<LayerInfo> first =
      PackLayer(directory_.File("upper"), directory_.File("first.tar"));
  ASSERT_THAT(first, IsOk());
  InFork([this] {
    umask(077);  // Must have no effect.
    EXPECT_THAT(
        UnpackLayer(directory_.File("first.tar"), directory_.File("out"), {}),
        IsOk());
  });
  const absl::StatusOr<LayerInfo> second =
      PackLayer(directory_.File("out"), directory_.File("second.tar"));
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->id, first->id);
  EXPECT_EQ(Look("out/hard").st_nlink, 2);
}

TEST_F(UnpackLayerTest, MarksOfAllKinds) {
  directory_.MakeDirectory("out");
  ASSERT_THAT(
      Unpack({Packed("./folder/.wh.gone"), Packed("folder/.wh..wh..opq"),
              Packed(".wh.again"), Packed("again/new", "x"),
              Packed("replaced", "x"), Packed(".wh.replaced"),
              Packed(".wh..wh.plnk/x", "AUFS's own"), Packed(".wh..wh..opq")}),
      IsOk());
  EXPECT_TRUE(IsWhiteout(Look("out/folder/gone")));
  EXPECT_TRUE(IsOpaqueAt("out/folder"));
  EXPECT_TRUE(IsOpaqueAt("out/again"));
  EXPECT_EQ(directory_.Read("out/again/new"), "x");
  EXPECT_EQ(directory_.Read("out/replaced"), "x");
  EXPECT_TRUE(IsOpaqueAt("out"));
  EXPECT_EQ(
      RunShell("cd \"$1\"; find . -name '.wh*'", {directory_.path()})->text,
      "");
  EXPECT_THAT(Unpack({Packed(".wh...")}), Says(".wh..."));
  EXPECT_THAT(Unpack({Packed("folder/.wh.")}), Says("no name of a deleted"));
}

// With the permissions of the layers below, and no looser ones, whatever the
// umask.
TEST_F(UnpackLayerTest, FoldersThatAreOnlyImpliedAreAsBelow) {
  directory_.MakeDirectory("one/root/deep");
  directory_.MakeDirectory("one/tmp");
  directory_.MakeDirectory("one/hidden/deep");
  directory_.MakeDirectory("two");
  directory_.Write("two/hidden", "");
  for (const auto& [name, mode] :
       std::vector<std::pair<std::string, mode_t>>{{"one", 0711},
                                                   {"one/root", 0700},
                                                   {"one/root/deep", 0750},
                                                   {"one/tmp", 01777},
                                                   {"one/hidden", 0700},
                                                   {"two", 0751}}) {
    ASSERT_EQ(chmod(directory_.File(name).c_str(), mode), 0);
  }
  ASSERT_EQ(chown(directory_.File("one/root/deep").c_str(), 7, 8), 0);
  InFork([this] {
    umask(0);
    EXPECT_THAT(Unpack(TarOf({Packed("root/deep/file"), Packed("tmp/.wh.x"),
                              Packed("hidden/deep/file"), Packed("new/file")}),
                       {directory_.File("one"), directory_.File("two")}),
                IsOk());
  });
  EXPECT_EQ(Mode("out"), "40751 0:0");
  EXPECT_EQ(Mode("out/root"), "40700 0:0");
  EXPECT_EQ(Mode("out/root/deep"), "40750 7:8");
  EXPECT_EQ(Mode("out/tmp"), "41777 0:0");
  EXPECT_EQ(Mode("out/hidden"), "40755 0:0") << "a file of layer two hides it";
  EXPECT_EQ(Mode("out/new"), "40755 0:0");
}

TEST_F(UnpackLayerTest, TheLaterOfTwoMembersCounts) {
  ASSERT_THAT(
      Unpack({Packed("d", "", S_IFLNK | 0777, "/etc"), Packed("d", "file"),
              Packed("f", "one"), Packed("f", "two"), Packed("folder/old", "x"),
              Packed("folder/.wh.old"), Packed("folder", "file"),
              Packed("l", "", S_IFLNK | 0777, "/etc"),
              Packed("l/", "", S_IFDIR | 0700), Packed("l/file", "x"),
              Packed("m/file", "x"), Packed("m/", "", S_IFDIR | 0700)}),
      IsOk());
  EXPECT_EQ(directory_.Read("out/d"), "file");
  EXPECT_TRUE(S_ISREG(Look("out/d").st_mode));
  EXPECT_EQ(directory_.Read("out/f"), "two");
  EXPECT_EQ(directory_.Read("out/folder"), "file");
  EXPECT_EQ(directory_.Read("out/l/file"), "x");
  EXPECT_EQ(Mode("out/l"), "40700 0:0");
  EXPECT_EQ(directory_.Read("out/m/file"), "x");
  EXPECT_EQ(Mode("out/m"), "40700 0:0");
}

TEST_F(UnpackLayerTest, NothingIsUnpackedElsewhere) {
  directory_.MakeDirectory("victim");
  directory_.Write("victim/secret", "secret");
  const std::string victim = directory_.File("victim");
  EXPECT_THAT(Unpack({Packed("link", "", S_IFLNK | 0777, victim),
                      Packed("link/file", "x")}),
              AllOf(Says("its member link/file"), Says("through a link")));
  EXPECT_THAT(Unpack({Packed("link2", "", S_IFLNK | 0777, "../victim"),
                      Packed("link2/.wh.secret")}),
              Says("through a link"));
  EXPECT_THAT(Unpack({Packed("../victim/file", "x")}),
              AllOf(Says("its member ../victim/file"), Says("lead out")));
  EXPECT_THAT(Unpack({Packed("a/../../victim/file", "x")}), Says("lead out"));
  EXPECT_THAT(Unpack({PackedHardLink("hard", victim + "/secret")}),
              AllOf(Says("its member hard"), Says("hard link to " + victim),
                    HasErrno(ENOENT)));
  EXPECT_THAT(Unpack({PackedHardLink("hard", "../victim/secret")}),
              Says("lead out"));
  EXPECT_THAT(Unpack({Packed("link3", "", S_IFLNK | 0777, victim),
                      PackedHardLink("hard", "link3/secret")}),
              Says("through a link"));
  EXPECT_THAT(Unpack({PackedHardLink("hard", "hard")}), Says("no other file"));
  // An absolute name counts from the layer's root.
  EXPECT_THAT(Unpack({Packed(victim + "/file", "x")}), IsOk());
  EXPECT_TRUE(directory_.Has("out" + victim + "/file"));
  EXPECT_FALSE(directory_.Has("victim/file"));
  EXPECT_EQ(directory_.Read("victim/secret"), "secret");
}

TEST_F(UnpackLayerTest, ReasonOfARefusalIsTold) {
  const std::string archive = TarOf({{"file", std::string(100000, 'x')}});
  EXPECT_THAT(Unpack(archive.substr(0, 50000)),
              AllOf(Says("layer.tar: it is cut off in its member file")));
  EXPECT_THAT(Unpack("hello"), Says("layer.tar: it is no tar archive"));
  EXPECT_THAT(UnpackLayer(directory_.File("none"), directory_.File("out"), {}),
              AllOf(HasErrno(ENOENT), Says("none")));
  EXPECT_THAT(UnpackLayer("/dev/null", directory_.File("out"), {}),
              Says("no ordinary file"));
  EXPECT_THAT(Unpack({Packed("f", "x"), Packed("f/g", "x")}),
              AllOf(Says("its member f/g"), Says("a file or a link")));
}

TEST_F(UnpackLayerTest, ImageIsNoLayer) {
  EXPECT_THAT(
      Unpack({Packed("0123/", "", S_IFDIR | 0755),
              Packed("0123/layer.tar", "x"), Packed("manifest.json", "[]")}),
      Says("docker save"));
  EXPECT_THAT(
      Unpack({Packed("oci-layout", "{}"), Packed("blobs/sha256/0123", "x")}),
      Says("docker save"));
  EXPECT_THAT(Unpack({Packed("manifest.json", "[]"), Packed("bin/sh", "x")}),
              IsOk());
}

}  // namespace
}  // namespace mydocker
