#include "common/user_map.h"

#include <errno.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/errors.h"
#include "common/kernel_file.h"

namespace mydocker {
namespace {

// A sysctl that, at this value, keeps (ordinary) users from user namespaces.
struct Switch {
  const char* file;
  const char* name;
  const char* off;
  const char* on;
};

constexpr Switch kSwitches[] = {
    {"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", "0",
     "15000"},
    {"/proc/sys/kernel/unprivileged_userns_clone",
     "kernel.unprivileged_userns_clone", "0", "1"},
    {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
     "kernel.apparmor_restrict_unprivileged_userns", "1", "0"},
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

absl::Status WriteUserMap(UserMap map, uid_t uid, gid_t gid) {
  if (map == UserMap::kNone) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(
      WriteKernelFile("/proc/self/uid_map", absl::StrCat("0 ", uid, " 1")));
  // An ordinary user may map a group only after giving up setgroups(2): else
  // it could drop a group that some file denies access to (CVE-2014-8989).
  RETURN_IF_ERROR(WriteKernelFile("/proc/self/setgroups", "deny"));
  return WriteKernelFile("/proc/self/gid_map", absl::StrCat("0 ", gid, " 1"));
}

absl::Status ExplainUserNamespaceError(const absl::Status& error) {
  const int error_number = ErrnoOf(error);
  const bool refused =
      error_number == EPERM || error_number == ENOSPC || error_number == EACCES;
  if (!refused || ExitStatusOf(error) != kExitMydockerFailed) {
    return error;
  }
  for (const Switch& candidate : kSwitches) {
    const absl::StatusOr<std::string> value = ReadKernelFile(candidate.file);
    if (value.ok() && *value == candidate.off) {
      return WithHint(error, absl::StrCat(candidate.name, " is ", *value,
                                          ": sudo sysctl -w ", candidate.name,
                                          "=", candidate.on, " allows them"));
    }
  }
  return error;
}

}  // namespace mydocker
