#include "common/cgroup/pids.h"
#include "common/namespaces/mounts.h"
#include "doctor/chapters.h"
#include "doctor/controller_trial.h"
#include "doctor/rootfs_trial.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryUnionFs() {
  const PidsSubsystem pids;
  return {"10 union-fs",
          TryContainer(InNamespaces(kContainersNamespaces,
                                    {MakePrivate, EnterNewLayers, MountProc}),
                       {&pids}),
          {{"machine", "overlayfs"},
           {"tools", "busybox-static"},
           {"tools", "unionfs-fuse"}}};
}

}  // namespace mydocker
