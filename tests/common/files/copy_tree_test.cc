#include "common/files/copy_tree.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>

#include "common/base/fd.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

class CopyTreeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "files are given away";
    }
    directory_.MakeDirectory("from");
    directory_.MakeDirectory("to");
  }
  absl::Status Copy() const {
    return CopyTree(OpenDirectory(directory_.File("from")),
                    OpenDirectory(directory_.File("to")));
  }
  struct stat Stat(const std::string& name) const {
    struct stat attributes = {};
    EXPECT_EQ(lstat(directory_.File(name).c_str(), &attributes), 0) << name;
    return attributes;
  }

  const TempDirectory directory_;
};

TEST_F(CopyTreeTest, KeepsWhatAFileIs) {
  const std::string file = directory_.Write("from/dir/file", "content");
  ASSERT_EQ(chown(file.c_str(), 7, 8), 0);
  ASSERT_EQ(chmod(file.c_str(), 06751), 0);
  ASSERT_EQ(setxattr(file.c_str(), "trusted.a", "b", 1, 0), 0);
  ASSERT_EQ(link(file.c_str(), directory_.File("from/twin").c_str()), 0);
  directory_.Link("/etc/passwd", "from/link");
  ASSERT_EQ(lchown(directory_.File("from/link").c_str(), 3, 4), 0);
  ASSERT_EQ(mkfifo(directory_.File("from/pipe").c_str(), 0601), 0);
  ASSERT_EQ(mknod(directory_.File("from/device").c_str(), S_IFCHR | 0640,
                  makedev(1, 3)),
            0);
  const timespec times[2] = {{1, 2}, {3, 4}};
  for (const char* name : {"from/dir/file", "from/link", "from/dir", "from"}) {
    ASSERT_EQ(utimensat(AT_FDCWD, directory_.File(name).c_str(), times,
                        AT_SYMLINK_NOFOLLOW),
              0);
  }
  ASSERT_EQ(chmod(directory_.File("from").c_str(), 01755), 0);
  ASSERT_THAT(Copy(), IsOk());
  for (const std::string name :
       {"", "/dir", "/dir/file", "/twin", "/link", "/pipe", "/device"}) {
    const struct stat from = Stat("from" + name);
    const struct stat to = Stat("to" + name);
    EXPECT_EQ(to.st_mode, from.st_mode) << name;
    EXPECT_EQ(to.st_uid, from.st_uid) << name;
    EXPECT_EQ(to.st_gid, from.st_gid) << name;
    EXPECT_EQ(to.st_rdev, from.st_rdev) << name;
    EXPECT_EQ(to.st_mtim.tv_sec, from.st_mtim.tv_sec) << name;
    EXPECT_EQ(to.st_mtim.tv_nsec, from.st_mtim.tv_nsec) << name;
  }
  EXPECT_EQ(Stat("to/twin").st_ino, Stat("to/dir/file").st_ino);
  EXPECT_NE(Stat("to/twin").st_ino, Stat("from/twin").st_ino);
  EXPECT_EQ(directory_.Read("to/twin"), "content");
  char value = 0;
  EXPECT_EQ(
      getxattr(directory_.File("to/twin").c_str(), "trusted.a", &value, 1), 1);
  EXPECT_EQ(value, 'b');
}

TEST_F(CopyTreeTest, KeepsHoles) {
  const std::string file = directory_.Write("from/hole", "begin");
  ASSERT_EQ(truncate(file.c_str(), 1 << 20), 0);
  UniqueFd opened(open(file.c_str(), O_WRONLY));
  ASSERT_EQ(pwrite(opened.get(), "middle", 6, 1 << 19), 6);
  ASSERT_THAT(Copy(), IsOk());
  EXPECT_EQ(directory_.Read("to/hole"), directory_.Read("from/hole"));
  EXPECT_EQ(Stat("to/hole").st_blocks, Stat("from/hole").st_blocks);
}

}  // namespace
}  // namespace mydocker
