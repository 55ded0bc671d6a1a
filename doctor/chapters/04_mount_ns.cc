#include <sched.h>

#include "common/namespaces/mounts.h"
#include "doctor/chapters.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryMountNs() {
  return {
      "4 mount-ns",
      Try(InNamespaces(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS,
                       {MakePrivate, MountProc})),
      {{"namespaces", "mnt"}, {"tools", "mount"}, {"tools", "procps"}}};
}

}  // namespace mydocker
