#include <sched.h>

#include "doctor/chapters.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryPidNs() {
  return {"3 pid-ns",
          Try(InNamespaces(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID)),
          {{"namespaces", "pid"}, {"tools", "procps"}}};
}

}  // namespace mydocker
