#include "common/namespaces/mounts.h"
#include "doctor/chapters.h"
#include "doctor/controller_trial.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryRunInit() {
  return {"8 run-init",
          TryContainer(
              InNamespaces(kContainersNamespaces, {MakePrivate, MountProc})),
          {{"cgroups", "memory"},
           {"cgroups", "cpu"},
           {"cgroups", "cpuset"},
           {"tools", "procps"},
           {"tools", "stress"}},
          true};
}

}  // namespace mydocker
