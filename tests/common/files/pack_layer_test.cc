// Only root can make whiteouts and their attributes, so this is skipped for
// other users.

#include "common/files/pack_layer.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::MatchesRegex;

class PackLayerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can make whiteouts";
    }
    directory_.MakeDirectory("upper/folder");
  }
  std::string Archive() const { return directory_.File("layer.tar"); }
  absl::StatusOr<LayerInfo> Pack() const {
    return PackLayer(directory_.File("upper"), Archive());
  }
  // The output of the host's own tools about the archive.
  std::string OfArchive(const std::string& command) const {
    return RunShell("cd \"$1\" && " + command, {directory_.path()})->text;
  }
  void MakeWhiteout(const std::string& name) const {
    EXPECT_EQ(mknod(directory_.File(name).c_str(), S_IFCHR, makedev(0, 0)), 0);
  }

  const TempDirectory directory_;
};

TEST_F(PackLayerTest, HasAnIdAndASize) {
  directory_.Write("upper/one", "12345");
  directory_.Write("upper/folder/two", "1234567");
  std::filesystem::create_hard_link(directory_.File("upper/one"),
                                    directory_.File("upper/the-same"));
  const absl::StatusOr<LayerInfo> info = Pack();
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->id,
            "sha256:" + OfArchive("sha256sum <layer.tar").substr(0, 64));
  EXPECT_EQ(info->bytes, 12);
  EXPECT_EQ(OfArchive("tar -tf layer.tar"),
            "folder/\nfolder/two\none\nthe-same\n");
}

TEST_F(PackLayerTest, MarksComeBeforeTheirSiblings) {
  directory_.Write("upper/folder/a", "");
  MakeWhiteout("upper/folder/z");
  ASSERT_EQ(setxattr(directory_.File("upper/folder").c_str(),
                     "trusted.overlay.opaque", "y", 1, 0),
            0);
  ASSERT_THAT(Pack(), IsOk());
  EXPECT_EQ(OfArchive("tar -tf layer.tar"),
            "folder/\nfolder/.wh..wh..opq\nfolder/.wh.z\nfolder/a\n");
}

// A name in a directory has at most 255 bytes; in an archive it can have any
// length.
TEST_F(PackLayerTest, FileWithALongNameCanBeDeleted) {
  const std::string name(255, 'n');
  MakeWhiteout("upper/folder/" + name);
  ASSERT_THAT(Pack(), IsOk());
  EXPECT_EQ(OfArchive("tar -tf layer.tar"),
            "folder/\nfolder/.wh." + name + "\n");
}

TEST_F(PackLayerTest, NameOfAMarkCannotBePacked) {
  directory_.Write("upper/folder/.wh.x", "");
  EXPECT_THAT(Pack(), AllOf(HasCode(absl::StatusCode::kInvalidArgument),
                            Says("upper/folder/.wh.x")));
  EXPECT_FALSE(directory_.Has("layer.tar"));
}

TEST_F(PackLayerTest, WhoPacksDoesNotMatter) {
  directory_.Write("upper/\xb2\xe2\xca\xd4", "x");
  MakeWhiteout("upper/folder/gone");
  const absl::StatusOr<LayerInfo> first = Pack();
  ASSERT_THAT(first, IsOk());
  InFork([&] {
    setenv("LC_ALL", "zh_CN.GBK", 1);
    setenv("POSIXLY_CORRECT", "1", 1);
    setenv("PATH", "/nowhere", 1);
    umask(077);
    const absl::StatusOr<LayerInfo> second = Pack();
    ASSERT_THAT(second, IsOk());
    EXPECT_EQ(second->id, first->id);
  });
}

// Packing opens no file twice by its name. While a folder is swapped with a
// link all the time, it packs either the folder with its content, or the link.
TEST_F(PackLayerTest, FolderThatBecomesALinkIsNotFollowed) {
  directory_.Write("host/file", "secret");
  directory_.Write("upper/folder/file", "packed");
  directory_.Link(directory_.File("host"), "upper/link");
  // A thread that allocates may hold the allocator's lock when another one
  // forks, and the child would wait for that lock for ever.
  const std::string folder = directory_.File("upper/folder");
  const std::string link = directory_.File("upper/link");
  std::atomic<bool> stop = false;
  std::atomic<int> rounds = 0;
  std::thread attacker([&] {
    while (!stop) {
      renameat2(AT_FDCWD, folder.c_str(), AT_FDCWD, link.c_str(),
                RENAME_EXCHANGE);
      ++rounds;
    }
  });
  int packed = 0;
  for (int i = 0; i < 300; ++i) {
    const int before = rounds;
    packed += Pack().ok() ? 1 : 0;
    while (rounds == before) {
      std::this_thread::yield();
    }
    EXPECT_FALSE(absl::StrContains(directory_.Read("layer.tar"), "secret"));
  }
  stop = true;
  attacker.join();
  EXPECT_GT(packed, 0);
}

TEST_F(PackLayerTest, SocketsStayAndDevicesAreNotOpened) {
  // Opening the second for reading would wait for a writer.
  ASSERT_EQ(mknod(directory_.File("upper/socket").c_str(), S_IFSOCK | 0600, 0),
            0);
  ASSERT_EQ(mkfifo(directory_.File("upper/pipe").c_str(), 0600), 0);
  ASSERT_THAT(Pack(), IsOk());
  EXPECT_EQ(OfArchive("tar -tf layer.tar"), "folder/\npipe\n");
}

TEST_F(PackLayerTest, WhatIsNoDirectoryIsTold) {
  EXPECT_THAT(PackLayer(directory_.File("none"), Archive()),
              AllOf(HasErrno(ENOENT), Says("none")));
  EXPECT_THAT(
      PackLayer(directory_.File("upper"), directory_.File("none/layer.tar")),
      AllOf(HasErrno(ENOENT), Says("none/layer.tar")));
}

}  // namespace
}  // namespace mydocker
