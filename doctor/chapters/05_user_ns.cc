#include <sched.h>

#include "doctor/chapters.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryUserNs() {
  return {"5 user-ns",
          Try(InNamespaces(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID |
                               CLONE_NEWNS | CLONE_NEWUSER,
                           {MapCallerToRoot(), MakePrivate})),
          {{"namespaces", "user"}, {"user-namespaces", "ordinary users"}}};
}

}  // namespace mydocker
