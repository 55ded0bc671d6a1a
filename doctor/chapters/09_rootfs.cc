#include "common/cgroup/pids.h"
#include "common/namespaces/mounts.h"
#include "doctor/chapters.h"
#include "doctor/controller_trial.h"
#include "doctor/rootfs_trial.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryRootfs() {
  const PidsSubsystem pids;
  return {"9 rootfs",
          TryContainer(InNamespaces(kContainersNamespaces,
                                    {MakePrivate, EnterNewRootfs, MountProc}),
                       {&pids}),
          {{"cgroups", "memory"},
           {"cgroups", "cpu"},
           {"cgroups", "cpuset"},
           {"cgroups", "pids"},
           {"tools", "busybox-static"}}};
}

}  // namespace mydocker
