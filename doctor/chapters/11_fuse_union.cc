#include "doctor/chapters.h"
#include "doctor/trial.h"

namespace mydocker {

// There is no container in it.
ChapterTrial TryFuseUnion() {
  return {"11 fuse-union",
          TryFuse(),
          {{"machine", "FUSE"},
           {"machine", "overlayfs"},
           {"tools", "busybox-static"},
           {"tools", "fuse3"}}};
}

}  // namespace mydocker
