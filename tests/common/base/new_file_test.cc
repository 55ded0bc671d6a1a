#include "common/base/new_file.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

class NewFileTest : public testing::Test {
 protected:
  // How many files there are.
  int Count() const {
    return static_cast<int>(std::distance(
        fs::directory_iterator(directory_.path()), fs::directory_iterator()));
  }
  const TempDirectory directory_;
};

TEST_F(NewFileTest, AppearsWhenItIsComplete) {
  const std::string path = directory_.File("file");
  for (const std::string content : {"first", "second"}) {
    absl::StatusOr<NewFile> file = NewFile::Create(path);
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT(WriteAll(file->file().get(), content), IsOk());
    EXPECT_NE(directory_.Read("file"), content);
    EXPECT_THAT(file->Appear(), IsOk());
    EXPECT_EQ(directory_.Read("file"), content);
    EXPECT_EQ(Count(), 1);
  }
}

TEST_F(NewFileTest, LeavesNothingIfItDoesNotAppear) {
  directory_.Write("file", "old");
  EXPECT_THAT(NewFile::Create(directory_.File("file")), IsOk());
  directory_.MakeDirectory("folder/full");
  {
    absl::StatusOr<NewFile> file = NewFile::Create(directory_.File("folder"));
    ASSERT_THAT(file, IsOk());
    EXPECT_THAT(file->Appear(), HasErrno(EISDIR));
  }
  EXPECT_EQ(directory_.Read("file"), "old");
  EXPECT_EQ(Count(), 2);
}

TEST_F(NewFileTest, HasThePermissionsThatTheUmaskLeaves) {
  InFork([this] {
    umask(027);
    absl::StatusOr<NewFile> file = NewFile::Create(directory_.File("file"));
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT(file->Appear(), IsOk());
    struct stat attributes = {};
    ASSERT_EQ(stat(directory_.File("file").c_str(), &attributes), 0);
    EXPECT_EQ(attributes.st_mode & 07777, 0640);
  });
}

TEST_F(NewFileTest, FolderThatIsNotThereIsTold) {
  EXPECT_THAT(NewFile::Create(directory_.File("none/file")),
              testing::AllOf(HasErrno(ENOENT), Says("none/file")));
}

}  // namespace
}  // namespace mydocker
