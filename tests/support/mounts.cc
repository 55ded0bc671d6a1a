#include "tests/support/mounts.h"

#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/support/cgroups.h"
#include "tests/support/proc.h"

namespace blackbox {

std::vector<std::string> MountPointsOf(pid_t pid) {
  std::vector<std::string> points;
  for (const std::string& line :
       ReadLines(absl::StrCat("/proc/", pid, "/mountinfo"))) {
    points.push_back(std::vector<std::string>(absl::StrSplit(line, ' '))[4]);
  }
  return points;
}

int CountMounts(pid_t pid, const std::string& point) {
  const std::vector<std::string> points = MountPointsOf(pid);
  return static_cast<int>(std::count(points.begin(), points.end(), point));
}

std::function<bool()> HostWithMounts(unsigned long propagation) {
  return [propagation] {
    // Always private first: these mounts are shared with the test's.
    return unshare(CLONE_NEWNS) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | propagation, nullptr) == 0;
  };
}

std::function<bool()> HostWithoutController(const std::string& name) {
  return [name] {
    if (!HostWithMounts(MS_PRIVATE)()) {
      return false;
    }
    while (const std::optional<ControllerLocation> place =
               FindController(name)) {
      if (umount2(place->mount_point.c_str(), MNT_DETACH) != 0) {
        return false;
      }
    }
    return true;
  };
}

bool MountInside(pid_t pid, const std::string& directory) {
  return AskInside(pid, {"mnt"}, [&]() -> std::string {
           return mount("test", directory.c_str(), "tmpfs", 0, nullptr) == 0
                      ? "mounted"
                      : "";
         }) == "mounted";
}

}  // namespace blackbox
