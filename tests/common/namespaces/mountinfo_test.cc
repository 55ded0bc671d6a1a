#include "common/namespaces/mountinfo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The one mount that `line` describes.
Mount ParseOne(const std::string& line) {
  const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(line);
  EXPECT_THAT(mounts, IsOk());
  if (!mounts.ok() || mounts->size() != 1) {
    ADD_FAILURE() << "not one mount: " << line;
    return {};
  }
  return mounts->front();
}

TEST(ParseMountInfoTest, ReadsTheExampleOfProc5) {
  const Mount mount = ParseOne(
      "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root "
      "rw,errors=continue\n");
  EXPECT_EQ(mount.root, "/mnt1");
  EXPECT_EQ(mount.mount_point, "/mnt2");
  EXPECT_THAT(mount.propagation, ElementsAre("master:1"));
  EXPECT_EQ(mount.type, "ext3");
  EXPECT_EQ(mount.source, "/dev/root");
  EXPECT_THAT(mount.super_options, ElementsAre("rw", "errors=continue"));
}

struct OptionalFields {
  std::string text;  // As in the line, with the space before.
  std::vector<std::string> fields;
};
class OptionalFieldsTest : public testing::TestWithParam<OptionalFields> {};

TEST_P(OptionalFieldsTest, EndAtTheSeparator) {
  const Mount mount = ParseOne("36 35 98:0 / /mnt rw" + GetParam().text +
                               " - cgroup cgroup rw,memory");
  EXPECT_EQ(mount.propagation, GetParam().fields);
  EXPECT_EQ(mount.type, "cgroup");
  EXPECT_EQ(mount.source, "cgroup");
  EXPECT_THAT(mount.super_options, ElementsAre("rw", "memory"));
}

INSTANTIATE_TEST_SUITE_P(
    NoneOneMany, OptionalFieldsTest,
    testing::Values(
        OptionalFields{"", {}}, OptionalFields{" shared:2", {"shared:2"}},
        OptionalFields{" shared:2 master:1", {"shared:2", "master:1"}},
        OptionalFields{" master:7 propagate_from:2 unbindable",
                       {"master:7", "propagate_from:2", "unbindable"}},
        OptionalFields{" a-tag:1 -b", {"a-tag:1", "-b"}}));

TEST(ParseMountInfoTest, DoesNotTakeAFixedFieldForTheSeparator) {
  // A mount point has a slash, but nothing says so of the mount options.
  EXPECT_EQ(ParseOne("36 35 98:0 - - - - ext4 /dev/sda rw").type, "ext4");
}

TEST(ParseMountInfoTest, ResolvesOctalEscapes) {
  const Mount mount = ParseOne(
      R"(36 35 98:0 /a\040b /c\011d\012e\134f rw - fuse.x\040y //srv/a\040b rw)");
  EXPECT_EQ(mount.root, "/a b");
  EXPECT_EQ(mount.mount_point, "/c\td\ne\\f");
  EXPECT_EQ(mount.type, "fuse.x y");
  EXPECT_EQ(mount.source, "//srv/a b");
}

TEST(ParseMountInfoTest, ResolvesEscapesInEachSuperOption) {
  // The kernel writes a comma within a value as \054 (seq_escape).
  EXPECT_THAT(
      ParseOne(
          R"(36 35 0:40 / /m rw - overlay overlay rw,lowerdir=/a\040b\054c)")
          .super_options,
      ElementsAre("rw", "lowerdir=/a b,c"));
}

TEST(ParseMountInfoTest, ResolvesAnEscapeOnceOnly) {
  EXPECT_EQ(ParseOne(R"(36 35 98:0 / /a\134040 rw - ext4 d rw)").mount_point,
            "/a\\040");
}

TEST(ParseMountInfoTest, ResolvesAnEscapeAtTheEnd) {
  EXPECT_EQ(ParseOne(R"(36 35 98:0 / /a\040 rw - ext4 d rw)").mount_point,
            "/a ");
}

TEST(ParseMountInfoTest, LeavesWhatIsNoEscape) {
  const Mount mount = ParseOne(R"(36 35 98:0 /\04 /a\089\x20\ rw - ext4 d rw)");
  EXPECT_EQ(mount.root, R"(/\04)");
  EXPECT_EQ(mount.mount_point, R"(/a\089\x20\)");
}

TEST(ParseMountInfoTest, TakesAMountWithoutSource) {
  // mount("", "/m", "tmpfs", …) is shown with nothing between two spaces.
  const Mount mount = ParseOne("36 35 0:40 / /m rw - tmpfs  rw,mode=755");
  EXPECT_EQ(mount.source, "");
  EXPECT_THAT(mount.super_options, ElementsAre("rw", "mode=755"));
}

TEST(ParseMountInfoTest, KeepsTheOrderOfTheLines) {
  const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(
      "22 1 0:1 / / rw - ext4 /dev/a rw\n"
      "23 22 0:2 / /mnt rw - tmpfs first rw\n"
      "24 22 0:3 / /mnt rw - tmpfs second rw\n");
  ASSERT_THAT(mounts, IsOk());
  ASSERT_EQ(mounts->size(), 3);
  EXPECT_EQ((*mounts)[0].source, "/dev/a");
  EXPECT_EQ((*mounts)[1].source, "first");
  EXPECT_EQ((*mounts)[2].source, "second");
}

TEST(ParseMountInfoTest, TakesATextWithoutMounts) {
  for (const char* text : {"", "\n"}) {
    const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(text);
    ASSERT_THAT(mounts, IsOk());
    EXPECT_THAT(*mounts, IsEmpty());
  }
}

class MalformedLineTest : public testing::TestWithParam<std::string> {};

TEST_P(MalformedLineTest, IsRefusedAndNamed) {
  const std::string good = "22 1 0:1 / / rw - ext4 /dev/a rw\n";
  EXPECT_THAT(
      ParseMountInfo(good + GetParam() + "\n" + good),
      AllOf(HasCode(absl::StatusCode::kInvalidArgument), Says(GetParam())));
}

INSTANTIATE_TEST_SUITE_P(
    Lines, MalformedLineTest,
    testing::Values("x", " ", "-", "36", "36 35 98:0 /mnt1 /mnt2",
                    // No separator.
                    "36 35 98:0 /mnt1 /mnt2 rw",
                    "36 35 98:0 /mnt1 /mnt2 rw master:1 ext3 /dev/root rw",
                    "36 35 98:0 /mnt1 /mnt2 rw -- ext3 /dev/root rw",
                    // Too few fields before it.
                    "36 35 98:0 /mnt1 /mnt2 - ext3 /dev/root rw",
                    // Too few fields after it.
                    "36 35 98:0 /mnt1 /mnt2 rw -",
                    "36 35 98:0 /mnt1 /mnt2 rw - ext3",
                    "36 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root",
                    // A line that was cut short.
                    "36 35 98:0 /mnt1 /mnt2 rw,noatime mast"));

TEST(FindMountTest, FindsTheOneThatHidesTheOthers) {
  const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(
      "22 1 0:1 / / rw - ext4 /dev/a rw\n"
      "23 22 0:2 / /mnt rw - ext4 /dev/b rw\n"
      "24 23 0:3 / /mnt rw - tmpfs c rw\n");
  ASSERT_THAT(mounts, IsOk());
  EXPECT_EQ(FindMount(*mounts, "/mnt"), &(*mounts)[2]);
  EXPECT_EQ(FindMount(*mounts, "/mnt/x"), nullptr);
}

TEST(DescribePropagationTest, NamesAllCombinations) {
  for (const auto& [tags, words] :
       {std::pair("", "private"), std::pair("shared:7 ", "shared"),
        std::pair("master:7 ", "slave"),
        std::pair("master:7 propagate_from:2 ", "slave"),
        std::pair("shared:7 master:8 ", "shared and slave"),
        std::pair("unbindable ", "unbindable")}) {
    const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(
        absl::StrCat("22 1 0:1 / / rw ", tags, "- ext4 /dev/a rw\n"));
    ASSERT_THAT(mounts, IsOk());
    EXPECT_EQ(DescribePropagation((*mounts)[0]), words) << tags;
  }
}

TEST(ReadMountInfoTest, FindsProc) {
  const absl::StatusOr<std::vector<Mount>> mounts = ReadMountInfo();
  ASSERT_THAT(mounts, IsOk());
  EXPECT_TRUE(std::any_of(mounts->begin(), mounts->end(), [](const Mount& m) {
    return m.mount_point == "/proc" && m.type == "proc";
  }));
}

}  // namespace
}  // namespace mydocker
