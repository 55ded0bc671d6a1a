#include "common/namespaces/user_map.h"

#include <errno.h>
#include <unistd.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"

namespace mydocker {
namespace {

// A sysctl, the value at which it forbids, and one at which it does not.
struct KnownSetting {
  const char* whose;
  const char* file;
  const char* name;
  const char* off;
  const char* on;
  bool forbids_root;
};

constexpr KnownSetting kSettings[] = {
    {"kernel", "/proc/sys/user/max_user_namespaces", "user.max_user_namespaces",
     "0", "15000", true},
    {"Debian", "/proc/sys/kernel/unprivileged_userns_clone",
     "kernel.unprivileged_userns_clone", "0", "1", false},
    {"Ubuntu", "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
     "kernel.apparmor_restrict_unprivileged_userns", "1", "0", false},
};

}  // namespace

bool AbslParseFlag(absl::string_view text, UserMap* map, std::string* error) {
  if (text != "root" && text != "none") {
    *error = "expected root or none";
    return false;
  }
  *map = text == "root" ? UserMap::kRoot : UserMap::kNone;
  return true;
}

std::string AbslUnparseFlag(UserMap map) {
  return map == UserMap::kRoot ? "root" : "none";
}

// #region write-user-map
absl::Status WriteUserMap(UserMap map, uid_t uid, gid_t gid) {
  if (map == UserMap::kNone) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(
      WriteKernelFile("/proc/self/uid_map", absl::StrCat("0 ", uid, " 1")));
  // An ordinary user may map a group only after giving up setgroups(2):
  // otherwise it could drop a group to which some file denies access
  // (CVE-2014-8989).
  RETURN_IF_ERROR(WriteKernelFile("/proc/self/setgroups", "deny"));
  return WriteKernelFile("/proc/self/gid_map", absl::StrCat("0 ", gid, " 1"));
}
// #endregion write-user-map

std::vector<UserNamespaceSetting> ReadUserNamespaceSettings() {
  std::vector<UserNamespaceSetting> settings;
  for (const KnownSetting& known : kSettings) {
    UserNamespaceSetting& found = settings.emplace_back();
    found.whose = known.whose;
    found.name = known.name;
    found.fix = absl::StrCat("sudo sysctl -w ", known.name, "=", known.on);
    if (const auto value = ReadKernelFile(known.file); value.ok()) {
      found.value = *value;
      found.forbids = *value == known.off;
      found.forbids_root = found.forbids && known.forbids_root;
    }
  }
  return settings;
}

// #region explain
absl::Status ExplainUserNamespaceError(const absl::Status& error) {
  const int error_number = ErrnoOf(error);
  const bool refused =
      error_number == EPERM || error_number == ENOSPC || error_number == EACCES;
  if (!refused || ExitStatusOf(error) != kExitMydockerFailed) {
    return error;
  }
  for (const UserNamespaceSetting& candidate : ReadUserNamespaceSettings()) {
    if (geteuid() == 0 ? candidate.forbids_root : candidate.forbids) {
      return WithHint(
          error, absl::StrCat(candidate.name, " is ", *candidate.value, ": ",
                              candidate.fix, " allows them"));
    }
  }
  return error;
}
// #endregion explain

}  // namespace mydocker
