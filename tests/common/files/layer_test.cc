#include "common/files/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

// As the kernel documents them; the tests of the whole program show how
// overlayfs treats them.
TEST(LayerTest, MarksAreTheKernels) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "only root can make whiteouts";
  }
  const TempDirectory directory;
  const UniqueFd folder = OpenDirectory(directory.path());
  EXPECT_THAT(MakeWhiteout(folder, "gone"), IsOk());
  EXPECT_THAT(MakeWhiteout(folder, "gone"), HasErrno(EEXIST));
  struct stat attributes = {};
  ASSERT_EQ(stat(directory.File("gone").c_str(), &attributes), 0);
  EXPECT_TRUE(IsWhiteout(attributes));
  ASSERT_EQ(stat("/dev/null", &attributes), 0);
  EXPECT_FALSE(IsWhiteout(attributes));
  EXPECT_FALSE(IsOpaque(folder));
  EXPECT_THAT(MakeOpaque(folder), IsOk());
  EXPECT_TRUE(IsOpaque(folder));
}

}  // namespace
}  // namespace mydocker
