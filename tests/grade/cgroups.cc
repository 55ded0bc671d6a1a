#include "tests/grade/cgroups.h"

#include <unistd.h>

#include <chrono>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/support/proc.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {

std::string WhyNoController(const std::string& name) {
  return FindController(name).has_value()
             ? ""
             : absl::StrCat("this host has no controller ", name);
}

std::string PathOf(const KernelFile& file, pid_t pid) {
  const ControllerLocation place = FindController(file.controller).value();
  return absl::StrCat(CgroupDirectoryOf(pid, place), "/",
                      place.v1 ? file.v1 : file.v2);
}

std::set<std::string> OwnCgroups(pid_t pid) {
  std::set<std::string> cgroups;
  for (const char* name : {"memory", "cpu", "cpuset", "pids"}) {
    if (const auto place = FindController(name); place.has_value()) {
      const std::string cgroup = CgroupDirectoryOf(pid, *place);
      if (cgroup != CgroupDirectoryOf(getpid(), *place)) {
        cgroups.insert(cgroup);
      }
    }
  }
  return cgroups;
}

void ExpectLimit(const Shell& shell, const KernelFile& file,
                 const std::string& wanted) {
  std::string path;
  std::string value;
  bool own = false;
  // Another check tests whether the limit is there in time.
  const std::chrono::milliseconds patience = Patience();
  SetPatience(patience / 2);
  const bool right = WaitUntil([&] {
    path = PathOf(file, shell.pid());
    own = path != PathOf(file, getpid());
    value = ReadFile(path);
    absl::StripAsciiWhitespace(&value);
    return own && value == wanted;
  });
  SetPatience(patience);
  const std::string look = absl::StrCat("host$ cat ", path, "\n");
  shell.Expect(right,
               absl::StrCat("a cgroup of its own, and there\n", look, wanted),
               own ? look + value
                   : absl::StrCat("host$ cat /proc/", shell.pid(),
                                  "/cgroup   (the shell's)\nthe cgroup, of ",
                                  file.controller,
                                  ", in which the program was started"));
}

void ExpectNoLimit(const Shell& shell, const KernelFile& file,
                   const std::string& none) {
  const std::string path = PathOf(file, shell.pid());
  if (FindController(file.controller)->v1 || path == PathOf(file, getpid()) ||
      access(path.c_str(), F_OK) == 0) {
    ExpectLimit(shell, file, none);
  }
}

std::string ScriptThatPrints(const KernelFile& file) {
  const ControllerLocation place = FindController(file.controller).value();
  const std::string root = place.mount_root == "/" ? "" : place.mount_root;
  return MakeFile(
      "my-" + file.controller,
      absl::StrCat("#!/bin/sh\ncat ", place.mount_point, "$(sed -n 's|^",
                   place.v1 ? absl::StrCat("[0-9]*:\\([^:]*,\\)*",
                                           file.controller, "\\(,[^:]*\\)*:")
                            : "0::",
                   root, "||p' /proc/self/cgroup)/",
                   place.v1 ? file.v1 : file.v2, "\n"),
      0755);
}

}  // namespace blackbox
