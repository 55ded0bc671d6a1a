#include <sys/mount.h>

#include "common/base/errors.h"
#include "common/cgroup/pids.h"
#include "common/files/in_root.h"
#include "common/files/mount_tree.h"
#include "common/namespaces/mounts.h"
#include "doctor/chapters.h"
#include "doctor/controller_trial.h"
#include "doctor/rootfs_trial.h"
#include "doctor/trial.h"

namespace mydocker {
namespace {

// In the new root, whose /dev is the source.
absl::Status MountVolumes() {
  ASSIGN_OR_RETURN(const UniqueFd root, OpenRoot());
  ASSIGN_OR_RETURN(const UniqueFd volume,
                   CopyMounts("/dev", {.set = MOUNT_ATTR_RDONLY,
                                       .propagation = MS_PRIVATE}));
  ASSIGN_OR_RETURN(const Target target, OpenTarget(root, "/volume", true));
  RETURN_IF_ERROR(Attach(volume, target.file));
  ASSIGN_OR_RETURN(const UniqueFd tmpfs, NewTmpfs({"size=64k"}, {}));
  ASSIGN_OR_RETURN(const Target other, OpenTarget(root, "/memory", true));
  RETURN_IF_ERROR(Attach(tmpfs, other.file));
  return MakeReadOnly(root);
}

}  // namespace

ChapterTrial TryVolumes() {
  const PidsSubsystem pids;
  return {"12 volumes",
          TryContainer(
              InNamespaces(kContainersNamespaces, {MakePrivate, EnterNewLayers,
                                                   MountProc, MountVolumes}),
              {&pids}),
          {{"machine", "overlayfs"}, {"tools", "busybox-static"}}};
}

}  // namespace mydocker
