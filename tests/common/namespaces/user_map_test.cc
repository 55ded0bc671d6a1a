#include "common/namespaces/user_map.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

TEST(UserMapFlagTest, IsRootOrNone) {
  for (const UserMap map : {UserMap::kRoot, UserMap::kNone}) {
    UserMap parsed = map == UserMap::kRoot ? UserMap::kNone : UserMap::kRoot;
    std::string error;
    EXPECT_TRUE(AbslParseFlag(AbslUnparseFlag(map), &parsed, &error));
    EXPECT_EQ(parsed, map);
  }
  EXPECT_EQ(AbslUnparseFlag(UserMap::kRoot), "root");
  EXPECT_EQ(AbslUnparseFlag(UserMap::kNone), "none");
}

TEST(WriteUserMapTest, FailsForAnIdThatIsNotTheCallers) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InUserNamespace(0, [](uid_t uid, gid_t gid) {
    EXPECT_THAT(WriteUserMap(UserMap::kRoot, uid + 1, gid),
                AllOf(HasErrno(EPERM), Says("/proc/self/uid_map")));
    EXPECT_THAT(WriteUserMap(UserMap::kRoot, uid, gid + 1),
                AllOf(HasErrno(EPERM), Says("/proc/self/gid_map")));
  });
}

TEST(WriteUserMapTest, FailsWhereAMapIsWrittenAlready) {
  SKIP_WITHOUT_USER_NAMESPACES();
  InUserNamespace(0, [](uid_t uid, gid_t gid) {
    ASSERT_THAT(WriteUserMap(UserMap::kRoot, uid, gid), IsOk());
    EXPECT_THAT(WriteUserMap(UserMap::kRoot, uid, gid), HasErrno(EPERM));
  });
}

TEST(ReadUserNamespaceSettingsTest, SaysWhatTheFilesSay) {
  const std::vector<UserNamespaceSetting> settings =
      ReadUserNamespaceSettings();
  ASSERT_EQ(settings.size(), 3U);
  for (const UserNamespaceSetting& found : settings) {
    const std::string path = absl::StrCat(
        "/proc/sys/", absl::StrReplaceAll(found.name, {{".", "/"}}));
    const absl::StatusOr<std::string> value = ReadKernelFile(path);
    EXPECT_EQ(found.value.has_value(), value.ok()) << path;
    EXPECT_EQ(found.value.value_or(""), value.value_or("")) << path;
    EXPECT_THAT(found.fix, testing::StartsWith(absl::StrCat("sudo sysctl -w ",
                                                            found.name, "=")));
    if (!value.ok()) {
      EXPECT_FALSE(found.forbids) << path;
    }
  }
}

TEST(ReadUserNamespaceSettingsTest, KnowsWhenTheLimitForbids) {
  SKIP_WITHOUT_USER_NAMESPACES();
  SKIP_WITHOUT_WRITABLE_PROC_SYS();
  InUserNamespace(0, [](uid_t uid, gid_t gid) {
    ASSERT_THAT(WriteUserMap(UserMap::kRoot, uid, gid), IsOk());
    for (const char* limit : {"1", "0"}) {
      ASSERT_THAT(WriteKernelFile("/proc/sys/user/max_user_namespaces", limit),
                  IsOk());
      const UserNamespaceSetting found = ReadUserNamespaceSettings()[0];
      EXPECT_EQ(found.name, "user.max_user_namespaces");
      EXPECT_EQ(found.value, limit);
      EXPECT_EQ(found.forbids, found.value == "0");
      EXPECT_EQ(found.forbids_root, found.value == "0");
    }
  });
}

TEST(ExplainUserNamespaceErrorTest, LeavesOtherErrorsAlone) {
  for (const absl::Status& status :
       {absl::OkStatus(), absl::InternalError("no system call"),
        ErrnoError(EINVAL, "clone"), ErrnoError(EAGAIN, "clone")}) {
    EXPECT_EQ(ExplainUserNamespaceError(status), status);
  }
}

TEST(ExplainUserNamespaceErrorTest, SaysNothingOfSwitchesThatAreOn) {
  const auto is = [](const char* file, const char* value) {
    const absl::StatusOr<std::string> content = ReadKernelFile(file);
    return content.ok() && *content == value;
  };
  if (is("/proc/sys/user/max_user_namespaces", "0") ||
      is("/proc/sys/kernel/unprivileged_userns_clone", "0") ||
      is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")) {
    GTEST_SKIP() << "on this system a setting forbids user namespaces";
  }
  const absl::Status error = ErrnoError(EPERM, "clone");
  EXPECT_EQ(ExplainUserNamespaceError(error), error);
}

}  // namespace
}  // namespace mydocker
