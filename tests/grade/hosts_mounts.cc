#include "tests/grade/hosts_mounts.h"

#include <fcntl.h>
#include <unistd.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/support/proc.h"

namespace blackbox {
namespace {

struct Mount {
  std::string what;  // the file system's number, and which directory of it
  std::string point;
};

std::vector<Mount> MountsIn(const std::string& mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string& line : ReadLines(mountinfo)) {
    const std::vector<std::string> fields = absl::StrSplit(line, ' ');
    mounts.push_back({absl::StrCat(fields[2], " ", fields[3]), fields[4]});
  }
  return mounts;
}

}  // namespace

// Read from the top of the namespace, because /proc/PID/mountinfo leaves out
// mounts above the process's own root; and through the host's /proc, in which
// this process has an entry.
void ExpectNoMountOfTheHosts(const Shell& shell) {
  std::set<std::string> hosts;
  for (const Mount& mount : MountsIn("/proc/self/mountinfo")) {
    hosts.insert(mount.what);
  }
  const int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  const std::string found = AskInside(shell.pid(), {"mnt"}, [&] {
    Words points;
    if (fchdir(proc) == 0) {
      for (const Mount& mount : MountsIn("self/mountinfo")) {
        if (hosts.count(mount.what) != 0 && mount.point != "/") {
          points.push_back(mount.point);
        }
      }
    }
    return absl::StrCat("found: ", absl::StrJoin(points, " "));
  });
  close(proc);
  const std::string look =
      absl::StrCat("host$ sudo nsenter --target ", shell.pid(),
                   " --mount --pid cat /proc/self/mountinfo\n");
  shell.Expect(found == "found: ", look + "no mount of the host's",
               look + "mounts of the host's on " + found.substr(0, 400));
}

}  // namespace blackbox
