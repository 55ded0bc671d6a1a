#include <sched.h>

#include "doctor/chapters.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryIpcNs() {
  return {"2 ipc-ns",
          Try(InNamespaces(CLONE_NEWUTS | CLONE_NEWIPC)),
          {{"namespaces", "ipc"}, {"tools", "util-linux"}}};
}

}  // namespace mydocker
