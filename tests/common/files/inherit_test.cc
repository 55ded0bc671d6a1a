#include "common/files/inherit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "common/files/layer.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

class InheritTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can give files away";
    }
    MakeFolder("low/dir/deep", 0700, 7);
    MakeFolder("high", 0751, 8);
    directory_.MakeDirectory("new");
  }
  void MakeFolder(const std::string& name, mode_t mode, uid_t owner) const {
    directory_.MakeDirectory(name);
    EXPECT_EQ(chmod(directory_.File(name).c_str(), mode), 0);
    EXPECT_EQ(chown(directory_.File(name).c_str(), owner, owner), 0);
  }
  // The permissions and the owner that a new folder of this name gets.
  std::pair<mode_t, uid_t> Inherited(const std::string& name) const {
    EXPECT_THAT(Inherit({directory_.File("low"), directory_.File("high")}, name,
                        OpenDirectory(directory_.File("new"))),
                IsOk());
    struct stat attributes = {};
    EXPECT_EQ(stat(directory_.File("new").c_str(), &attributes), 0);
    return {attributes.st_mode & 07777, attributes.st_uid};
  }

  const std::pair<mode_t, uid_t> none_ = {0755, 0};
  const TempDirectory directory_;
};

TEST_F(InheritTest, TheTopmostThatHasItCounts) {
  EXPECT_EQ(Inherited(""), std::make_pair(mode_t{0751}, uid_t{8}));
  EXPECT_EQ(Inherited("dir/deep"), std::make_pair(mode_t{0700}, uid_t{7}));
  MakeFolder("high/dir/deep", 01777, 9);
  EXPECT_EQ(Inherited("dir/deep"), std::make_pair(mode_t{01777}, uid_t{9}));
  EXPECT_EQ(Inherited("nowhere"), none_);
}

TEST_F(InheritTest, WhatIsHiddenDoesNot) {
  directory_.MakeDirectory("high/dir");
  EXPECT_EQ(Inherited("dir/deep"), std::make_pair(mode_t{0700}, uid_t{7}));
  ASSERT_THAT(MakeOpaque(OpenDirectory(directory_.File("high/dir"))), IsOk());
  EXPECT_EQ(Inherited("dir/deep"), none_);
  directory_.Remove("high/dir");
  ASSERT_THAT(MakeWhiteout(OpenDirectory(directory_.File("high")), "dir"),
              IsOk());
  EXPECT_EQ(Inherited("dir/deep"), none_);
  directory_.Remove("high/dir");
  directory_.Link(directory_.File("low/dir"), "high/dir");
  EXPECT_EQ(Inherited("dir/deep"), none_) << "a link is not followed";
}

TEST_F(InheritTest, AttributesComeAlong) {
  ASSERT_EQ(
      setxattr(directory_.File("high").c_str(), "trusted.mine", "x", 1, 0), 0);
  Inherited("");
  EXPECT_EQ(
      getxattr(directory_.File("new").c_str(), "trusted.mine", nullptr, 0), 1);
}

}  // namespace
}  // namespace mydocker
