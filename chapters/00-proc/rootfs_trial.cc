#include "chapters/00-proc/rootfs_trial.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "common/errors.h"
#include "common/rootfs.h"

namespace mydocker {

absl::Status EnterNewRootfs() {
  if (mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) != 0) {
    return ErrnoError(errno, "mount a tmpfs");
  }
  for (const char* path : {"/tmp/proc", "/tmp/dev", "/tmp/sys"}) {
    if (mkdir(path, 0755) != 0) {
      return ErrnoError(errno, absl::StrCat("make ", path));
    }
  }
  RETURN_IF_ERROR(EnterRootfs("/tmp"));
  RETURN_IF_ERROR(MountDev());
  return MountSys();
}

}  // namespace mydocker
