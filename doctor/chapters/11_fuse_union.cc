#include "absl/status/status.h"
#include "doctor/chapters.h"

namespace mydocker {

// Whether it can mount is the machine's row: there is no container.
ChapterTrial TryFuseUnion() {
  return {"11 fuse-union",
          absl::OkStatus(),
          {{"machine", "FUSE"},
           {"machine", "overlayfs"},
           {"tools", "busybox-static"},
           {"tools", "fuse3"}}};
}

}  // namespace mydocker
