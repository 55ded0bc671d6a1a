#include "common/cgroup/hierarchy.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/namespaces/mountinfo.h"
#include "common/namespaces/mounts.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAreArray;
using ::testing::Not;

std::vector<std::string> MountPoints(const std::vector<Mount>& mounts) {
  std::vector<std::string> mount_points;
  for (const Mount& mount : mounts) {
    if (mount.type == "cgroup" || mount.type == "cgroup2") {
      mount_points.push_back(mount.mount_point);
    }
  }
  return mount_points;
}

TEST(ReadCgroupMountsTest, FindsThoseOfThisHostAmongAllItsMounts) {
  const absl::StatusOr<std::vector<Mount>> found = ReadCgroupMounts();
  const absl::StatusOr<std::vector<Mount>> all = ReadMountInfo();
  ASSERT_THAT(found, IsOk());
  ASSERT_THAT(all, IsOk());
  const std::vector<std::string> expected = MountPoints(*all);
  if (expected.empty()) {
    GTEST_SKIP() << "no cgroup hierarchy is mounted here";
  }
  EXPECT_THAT(MountPoints(*found), ElementsAreArray(expected));
  EXPECT_LT(found->size(), all->size());
}

// The mount point of a hidden hierarchy now leads to another file system: a
// tmpfs, or another hierarchy.
TEST(ReadCgroupMountsTest, LeavesOutWhatIsHidden) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "it takes root to mount";
  }
  const absl::StatusOr<std::vector<Mount>> before = ReadCgroupMounts();
  ASSERT_THAT(before, IsOk());
  if (before->empty()) {
    GTEST_SKIP() << "no cgroup hierarchy is mounted here";
  }
  const std::string hidden = before->front().mount_point;
  const std::string other = before->back().mount_point;
  const TempDirectory elsewhere;
  InFork([&] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    // There it is still visible.
    ASSERT_EQ(mount(hidden.c_str(), elsewhere.path().c_str(), nullptr, MS_BIND,
                    nullptr),
              0);
    ASSERT_EQ(mount("test", hidden.c_str(), "tmpfs", 0, nullptr), 0);
    const auto found = [] { return MountPoints(*ReadCgroupMounts()); };
    EXPECT_THAT(found(),
                AllOf(Not(Contains(hidden)), Contains(elsewhere.path())));
    if (other != hidden) {
      ASSERT_EQ(umount(hidden.c_str()), 0);
      ASSERT_EQ(mount(other.c_str(), hidden.c_str(), nullptr, MS_BIND, nullptr),
                0);
      int count = 0;
      const std::vector<Mount> mounts = *ReadCgroupMounts();
      for (const Mount& mount : mounts) {
        if (mount.mount_point == hidden) {
          ++count;
          EXPECT_EQ(mount.device, before->back().device);
        }
      }
      EXPECT_EQ(count, 1);
    }
  });
}

// Hosts, described by their mountinfo. The mount of cgroup v2 is a directory of
// the test, whose cgroup.controllers lists the controllers of v2.
class FindHierarchyTest : public testing::Test {
 protected:
  // The mounts of a host; $V2 in a line stands for the mount of v2.
  std::vector<Mount> Host(std::string mountinfo,
                          const std::string& v2_controllers) {
    directory_.Write("cgroup.controllers", v2_controllers);
    const size_t v2 = mountinfo.find("$V2");
    if (v2 != std::string::npos) {
      mountinfo.replace(v2, 3, directory_.path());
    }
    const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(mountinfo);
    EXPECT_THAT(mounts, IsOk());
    return mounts.value_or(std::vector<Mount>());
  }

  // Returns "v1 PATH" or "v2 PATH", or the error.
  static std::string Find(const std::vector<Mount>& mounts,
                          const std::string& controller) {
    const absl::StatusOr<Hierarchy> found = FindHierarchy(mounts, controller);
    if (!found.ok()) {
      return std::string(found.status().message());
    }
    return (found->version == CgroupVersion::kV1 ? "v1 " : "v2 ") +
           found->mount_point;
  }

  TempDirectory directory_;
};

constexpr char kV1[] =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "30 22 0:26 / /sys/fs/cgroup ro,nosuid shared:9 - tmpfs tmpfs ro,mode=755\n"
    "32 30 0:28 / /sys/fs/cgroup/systemd rw shared:11 - cgroup cgroup "
    "rw,xattr,name=systemd\n"
    "35 30 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:15 - cgroup cgroup "
    "rw,cpu,cpuacct\n"
    "36 30 0:32 / /sys/fs/cgroup/cpuset rw shared:16 - cgroup cgroup "
    "rw,cpuset\n"
    "37 30 0:33 / /sys/fs/cgroup/memory rw shared:17 - cgroup cgroup "
    "rw,memory\n";
constexpr char kV2[] =
    "31 30 0:27 / $V2 rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST_F(FindHierarchyTest, FindsEachControllerOfV1) {
  const std::vector<Mount> mounts = Host(kV1, "");
  EXPECT_EQ(Find(mounts, "memory"), "v1 /sys/fs/cgroup/memory");
  EXPECT_EQ(Find(mounts, "cpuset"), "v1 /sys/fs/cgroup/cpuset");
  // The mount's options tell the controllers, its name does not.
  EXPECT_EQ(Find(mounts, "cpu"), "v1 /sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(Find(mounts, "cpuacct"), "v1 /sys/fs/cgroup/cpu,cpuacct");
}

TEST_F(FindHierarchyTest, FindsEachControllerOfV2) {
  const std::vector<Mount> mounts = Host(kV2, "cpuset cpu io memory pids\n");
  for (const char* controller : {"memory", "cpu", "cpuset", "pids"}) {
    EXPECT_EQ(Find(mounts, controller), "v2 " + directory_.path());
  }
}

TEST_F(FindHierarchyTest, DecidesPerControllerOnAHybridHost) {
  const std::vector<Mount> mounts = Host(std::string(kV2) + kV1, "io pids\n");
  EXPECT_EQ(Find(mounts, "memory"), "v1 /sys/fs/cgroup/memory");
  EXPECT_EQ(Find(mounts, "pids"), "v2 " + directory_.path());
}

TEST_F(FindHierarchyTest, DoesNotTakeAV2WithoutTheController) {
  const std::vector<Mount> mounts = Host(std::string(kV2) + kV1, "\n");
  EXPECT_EQ(Find(mounts, "memory"), "v1 /sys/fs/cgroup/memory");
  EXPECT_THAT(FindHierarchy(mounts, "pids"),
              AllOf(HasCode(absl::StatusCode::kNotFound), Says("pids")));
}

TEST_F(FindHierarchyTest, SaysThatTheHostHasNoSuchController) {
  for (const std::vector<Mount>& mounts :
       {Host(kV1, ""), Host(kV2, "cpu memory\n"),
        Host("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "")}) {
    EXPECT_THAT(FindHierarchy(mounts, "hugetlb"),
                AllOf(HasCode(absl::StatusCode::kNotFound), Says("hugetlb")));
  }
}

TEST_F(FindHierarchyTest, TakesWholeNamesOnly) {
  const std::vector<Mount> mounts = Host(
      "35 30 0:31 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n", "cpuset\n");
  EXPECT_THAT(FindHierarchy(mounts, "cpu"),
              HasCode(absl::StatusCode::kNotFound));
  EXPECT_THAT(FindHierarchy(Host(kV2, "cpuset memory\n"), "cpu"),
              HasCode(absl::StatusCode::kNotFound));
}

TEST_F(FindHierarchyTest, LooksAtMountsOfCgroupsOnly) {
  // An overlay or a tmpfs can have an option, a mount point or a source that
  // looks like a controller's.
  const std::vector<Mount> mounts = Host(
      "35 30 0:31 / /sys/fs/cgroup/memory rw - tmpfs memory rw,memory\n"
      "36 30 0:32 / $V2 rw - ext4 cgroup2 rw\n",
      "memory\n");
  EXPECT_THAT(FindHierarchy(mounts, "memory"),
              HasCode(absl::StatusCode::kNotFound));
}

TEST_F(FindHierarchyTest, PassesOverAV2ThatCannotBeRead) {
  const std::vector<Mount> mounts = Host(
      "31 30 0:27 / /no/such/place rw - cgroup2 cgroup2 rw\n"
      "32 30 0:27 / $V2 rw - cgroup2 cgroup2 rw\n",
      "memory\n");
  EXPECT_EQ(Find(mounts, "memory"), "v2 " + directory_.path());
}

// For example, for lack of a descriptor. To report a missing controller would
// be wrong.
TEST_F(FindHierarchyTest, SaysWhyAV2CannotBeAsked) {
  const std::vector<Mount> mounts = Host(kV2, "memory\n");
  directory_.Remove("cgroup.controllers");
  directory_.MakeDirectory("cgroup.controllers");
  EXPECT_THAT(FindHierarchy(mounts, "memory"),
              AllOf(HasErrno(EISDIR), Says(directory_.path())));
}

TEST_F(FindHierarchyTest, TakesTheLastOfSeveral) {
  EXPECT_EQ(Find(Host("35 30 0:31 / /first rw - cgroup cgroup rw,memory\n"
                      "36 30 0:31 / /last rw - cgroup cgroup rw,memory\n"
                      "37 30 0:32 / /other rw - cgroup cgroup rw,cpu\n",
                      ""),
                 "memory"),
            "v1 /last");
}

TEST_F(FindHierarchyTest, TakesAMountPointWithASpace) {
  EXPECT_EQ(Find(Host("35 30 0:31 / /my\\040cgroups rw - cgroup cgroup "
                      "rw,memory\n",
                      ""),
                 "memory"),
            "v1 /my cgroups");
}

}  // namespace
}  // namespace mydocker
