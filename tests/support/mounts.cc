#include "tests/support/mounts.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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
    // Private in any case first: these mounts are shared with the test's.
    return unshare(CLONE_NEWNS) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | propagation, nullptr) == 0;
  };
}

bool MountInside(pid_t pid, const std::string& directory) {
  return AskInside(pid, {"mnt"}, [&]() -> std::string {
           return mount("test", directory.c_str(), "tmpfs", 0, nullptr) == 0
                      ? "mounted"
                      : "";
         }) == "mounted";
}

bool RefuseMounts() {
  // A seccomp(2) filter: a program of the kernel's packet filter machine, here
  // run on the number of each system call.
  constexpr auto kMount = static_cast<unsigned>(SYS_mount);
  constexpr auto kSetAttr = static_cast<unsigned>(SYS_mount_setattr);
  sock_filter instructions[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kMount, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSetAttr, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter = {std::size(instructions), instructions};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace blackbox
