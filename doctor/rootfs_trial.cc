#include "doctor/rootfs_trial.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/files/overlay.h"
#include "common/files/rootfs.h"

namespace mydocker {

namespace {

absl::Status MakeInMemory(const std::vector<std::string>& folders) {
  if (mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) != 0) {
    return ErrnoError(errno, "mount a tmpfs");
  }
  for (const std::string& folder : folders) {
    const std::string path = absl::StrCat("/tmp/", folder);
    if (mkdir(path.c_str(), 0755) != 0) {
      return ErrnoError(errno, absl::StrCat("make ", path));
    }
  }
  return absl::OkStatus();
}

absl::Status Enter(const std::string& rootfs) {
  RETURN_IF_ERROR(EnterRootfs(rootfs));
  RETURN_IF_ERROR(MountDev());
  return MountSys();
}

}  // namespace

absl::Status EnterNewRootfs() {
  RETURN_IF_ERROR(MakeInMemory({"proc", "dev", "sys"}));
  return Enter("/tmp");
}

absl::Status EnterNewLayers() {
  RETURN_IF_ERROR(MakeInMemory({"l", "l/0", "l/0/proc", "l/0/dev", "l/0/sys",
                                "upper", "work", "merged"}));
  ASSIGN_OR_RETURN(const std::string merged, MountLayers("/tmp"));
  return Enter(merged);
}

}  // namespace mydocker
