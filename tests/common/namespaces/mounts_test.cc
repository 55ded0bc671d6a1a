#include "common/namespaces/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/base/fd.h"
#include "common/base/kernel_file.h"
#include "common/namespaces/mountinfo.h"
#include "common/namespaces/user_map.h"
#include "common/process/child.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<Mount> Mounts() {
  const absl::StatusOr<std::vector<Mount>> mounts = ReadMountInfo();
  EXPECT_THAT(mounts, IsOk());
  return mounts.value_or(std::vector<Mount>());
}

bool Has(const Mount& mount, const std::string& tag) {
  return std::any_of(
      mount.propagation.begin(), mount.propagation.end(),
      [&](const std::string& field) { return absl::StartsWith(field, tag); });
}

TEST(PropagationFlagTest, RefusesEverythingElse) {
  for (const char* text : {"", "Private", "rprivate", "private ", "slaves"}) {
    Propagation propagation = Propagation::kSlave;
    std::string error;
    EXPECT_FALSE(AbslParseFlag(text, &propagation, &error)) << text;
    EXPECT_THAT(error, AllOf(HasSubstr("private"), HasSubstr("slave"),
                             HasSubstr("shared"), HasSubstr("unchanged")));
    EXPECT_EQ(propagation, Propagation::kSlave);
  }
}

TEST(SetPropagationTest, ReachesTheMountsAroundAChroot) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InUserNamespaceAsRoot(CLONE_NEWNS, [] {
    const TempDirectory directory;
    const std::string proc = directory.MakeDirectory("proc");
    ASSERT_EQ(mount("/proc", proc.c_str(), nullptr, MS_BIND | MS_REC, nullptr),
              0)
        << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    // Shows the mounts below the root of the process that opened it.
    const UniqueFd mountinfo(open("/proc/self/mountinfo", O_RDONLY));
    ASSERT_EQ(chroot(directory.path().c_str()), 0) << strerror(errno);
    ASSERT_EQ(chdir("/proc"), 0) << strerror(errno);

    EXPECT_THAT(SetPropagation(Propagation::kShared), IsOk());
    const absl::StatusOr<std::string> text = ReadAll(mountinfo.get());
    ASSERT_THAT(text, IsOk());
    const absl::StatusOr<std::vector<Mount>> mounts = ParseMountInfo(*text);
    ASSERT_THAT(mounts, IsOk());
    for (const Mount& mount : *mounts) {
      EXPECT_TRUE(Has(mount, "shared:")) << mount.mount_point;
    }
    // The working directory is unchanged.
    EXPECT_EQ(access("/proc/self", F_OK), 0) << strerror(errno);
    EXPECT_EQ(access("/etc", F_OK), -1);
    EXPECT_EQ(access("self", F_OK), 0) << strerror(errno);
    // Out of the chroot, so that the directory can be removed.
    ASSERT_EQ(setns(open("/proc/self/ns/mnt", O_RDONLY), CLONE_NEWNS), 0);
    EXPECT_EQ(umount2(proc.c_str(), MNT_DETACH), 0) << strerror(errno);
  });
}

TEST(MountProcTest, ShowsThePidNamespaceOfTheCaller) {
  SKIP_WITHOUT_USER_NAMESPACES();
  Command command;
  command.argv = {"sh", "-c", "cat /proc/1/comm /proc/self/mountinfo"};
  command.clone_flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID;
  const uid_t uid = geteuid();
  const gid_t gid = getegid();
  // Where a part of /proc is covered, as in Docker's own containers, a user
  // namespace may not mount another: mount_too_revealing() in the kernel.
  const bool covered = std::ranges::any_of(Mounts(), [](const Mount& mount) {
    return absl::StartsWith(mount.mount_point, "/proc/");
  });
  command.in_child = {[=] { return WriteUserMap(UserMap::kRoot, uid, gid); },
                      [] { return SetPropagation(Propagation::kPrivate); },
                      MountProc};
  const absl::StatusOr<Output> output = RunForOutput(command);
  if (covered && !output.ok()) {
    GTEST_SKIP() << "parts of /proc are covered here: " << output.status();
  }
  ASSERT_THAT(output, IsOk());
  EXPECT_THAT(output->text, testing::StartsWith("sh\n"));
  EXPECT_THAT(output->text,
              testing::ContainsRegex(
                  " /proc rw,nosuid,nodev,noexec,[^\n]* - proc proc "));
}

}  // namespace
}  // namespace mydocker
