#include <sched.h>

#include "doctor/chapters.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryNetNs() {
  return {"6 net-ns",
          Try(InNamespaces(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID |
                               CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWNET,
                           {MapCallerToRoot(), MakePrivate})),
          {{"namespaces", "user"},
           {"user-namespaces", "ordinary users"},
           {"tools", "iproute2"},
           {"tools", "python3"}}};
}

}  // namespace mydocker
