#include <sched.h>

#include "doctor/chapters.h"
#include "doctor/trial.h"

namespace mydocker {

ChapterTrial TryUtsNs() {
  return {"1 uts-ns",
          Try(InNamespaces(CLONE_NEWUTS)),
          {{"namespaces", "uts"}, {"tools", "hostname"}, {"tools", "psmisc"}}};
}

}  // namespace mydocker
