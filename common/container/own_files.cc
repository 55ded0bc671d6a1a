#include "common/container/own_files.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/verbose.h"
#include "common/files/rootfs.h"

namespace mydocker {

// #region own-files
absl::Status EnterOwnFiles(const std::string& rootfs) {
  RETURN_IF_ERROR(LogStep(
      EnterRootfs(rootfs),
      absl::StrCat("made ", rootfs, " the root, and detached the host's")));
  RETURN_IF_ERROR(MountDev());
  RETURN_IF_ERROR(
      LogStep(LeaveHostsNull(),
              "mounted tmpfs on /dev, with devices; devpts and tmpfs in it"));
  return LogStep(MountSys(), "mounted sysfs on /sys, read-only");
}
// #endregion own-files

}  // namespace mydocker
