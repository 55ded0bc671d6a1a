#include "common/files/in_root.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/fd.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

// The directory "root" is the root; "outside" lies beside it.
class InRootTest : public testing::Test {
 protected:
  InRootTest() {
    directory_.Write("root/etc/file", "inside");
    directory_.Write("outside/file", "outside");
    root_ = UniqueFd(open(directory_.File("root").c_str(),
                          O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  std::string Read(const std::string& path) const {
    return ReadInRoot(root_, path, 1000).value_or("refused");
  }

  const TempDirectory directory_;
  UniqueFd root_;
};

TEST_F(InRootTest, LinksLeadToPlacesInIt) {
  directory_.Link("/etc/file", "root/absolute");
  directory_.Link("../../../../etc/file", "root/up");
  directory_.Link(directory_.File("outside/file"), "root/out");
  directory_.Link("../outside", "root/beside");
  EXPECT_EQ(Read("/etc/file"), "inside");
  EXPECT_EQ(Read("/../../etc/./file"), "inside");
  EXPECT_EQ(Read("/absolute"), "inside");
  EXPECT_EQ(Read("/up"), "inside");
  EXPECT_EQ(Read("/out"), "");
  EXPECT_EQ(Read("/beside/file"), "");
  EXPECT_EQ(Read("/etc/file/x"), "");
}

TEST_F(InRootTest, OnlyOrdinaryFilesAreRead) {
  ASSERT_EQ(mkfifo(directory_.File("root/pipe").c_str(), 0600), 0);
  EXPECT_EQ(Read("/pipe"), "refused");
  EXPECT_EQ(Read("/etc"), "refused");
  directory_.Write("root/long", std::string(1000, 'x'));
  EXPECT_EQ(Read("/long").size(), 1000U);
  directory_.Write("root/longer", std::string(1001, 'x'));
  EXPECT_EQ(Read("/longer"), "refused");
}

TEST_F(InRootTest, TargetsAreMadeInIt) {
  directory_.Link("/etc", "root/link");
  for (const bool is_directory : {true, false}) {
    const std::string path = absl::StrCat("/link/a", is_directory, "/b");
    const absl::StatusOr<Target> target = OpenTarget(root_, path, is_directory);
    ASSERT_THAT(target, IsOk());
    EXPECT_TRUE(target->is_new);
    struct stat attributes = {};
    ASSERT_EQ(
        stat(directory_.File("root/etc" + path.substr(5)).c_str(), &attributes),
        0);
    EXPECT_EQ(S_ISDIR(attributes.st_mode), is_directory);
    EXPECT_FALSE(OpenTarget(root_, path, is_directory)->is_new);
    EXPECT_THAT(OpenTarget(root_, path, !is_directory),
                HasCode(absl::StatusCode::kInvalidArgument));
  }
}

TEST_F(InRootTest, TargetThatLeadsNowhereIsRefused) {
  directory_.Link("/nowhere", "root/dangling");
  directory_.Link(".", "root/self");
  directory_.Link("circle", "root/circle");
  EXPECT_THAT(OpenTarget(root_, "/dangling", true), Says("leads nowhere"));
  EXPECT_THAT(OpenTarget(root_, "/dangling/x", true), Says("leads nowhere"));
  EXPECT_THAT(OpenTarget(root_, "/circle", true), HasErrno(ELOOP));
  EXPECT_THAT(OpenTarget(root_, "/self", true), Says("root itself"));
  EXPECT_THAT(OpenTarget(root_, "/etc/file/x", true), HasErrno(ENOTDIR));
  EXPECT_FALSE(directory_.Has("root/nowhere"));
  EXPECT_FALSE(directory_.Has("nowhere"));
}

TEST_F(InRootTest, ProcAndItsLinksAreRefused) {
  const UniqueFd root = *OpenRoot();
  EXPECT_THAT(OpenTarget(root, "/proc/sys", true), Says("/proc"));
  EXPECT_THAT(OpenInRoot(root, "/proc/self/root", O_PATH), HasErrno(ELOOP));
  EXPECT_THAT(OpenInRoot(root, "/proc/self/fd/0", O_PATH), HasErrno(ELOOP));
  EXPECT_THAT(MakeDirectoryInRoot(root, "/proc/self/cwd/x"), HasErrno(ELOOP));
}

TEST_F(InRootTest, WhatIsMadeHasTheOwnerOfItsParent) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "files are given away";
  }
  ASSERT_EQ(chown(directory_.File("root/etc").c_str(), 7, 8), 0);
  ASSERT_THAT(OpenTarget(root_, "/etc/a/b", true), IsOk());
  ASSERT_THAT(MakeDirectoryInRoot(root_, "/etc/c/d"), IsOk());
  struct stat attributes = {};
  ASSERT_EQ(stat(directory_.File("root/etc/a/b").c_str(), &attributes), 0);
  EXPECT_EQ(attributes.st_uid, 7U);
  EXPECT_EQ(attributes.st_gid, 8U);
  ASSERT_EQ(stat(directory_.File("root/etc/c/d").c_str(), &attributes), 0);
  EXPECT_EQ(attributes.st_uid, 0U);
}

}  // namespace
}  // namespace mydocker
