#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/kernel_file.h"
#include "common/base/size.h"
#include "common/namespaces/mountinfo.h"
#include "common/namespaces/mounts.h"
#include "common/process/executable.h"
#include "doctor/checks.h"
#include "doctor/trial.h"

namespace mydocker {
namespace {

constexpr char kFuseDevice[] = "/dev/fuse";

Row CheckKernel(const utsname& system) {
  int major = 0;
  int minor = 0;
  // NOLINTNEXTLINE(bugprone-unchecked-string-to-number-conversion): 0 is old.
  sscanf(system.release, "%d.%d", &major, &minor);
  const std::string version = absl::StrCat("Linux ", system.release);
  if (std::pair(major, minor) >= std::pair(5, 14)) {
    return {"kernel", Verdict::kOk, version};
  }
  return {"kernel", Verdict::kLimited,
          absl::StrCat(version,
                       " is older than 5.14, the oldest that this was "
                       "tried with"),
          "a newer kernel: docs/lab.md"};
}

Row CheckArchitecture(const utsname& system) {
  const std::string machine = system.machine;
  if (machine == "x86_64" || machine == "aarch64") {
    return {"architecture", Verdict::kOk, machine};
  }
  return {"architecture", Verdict::kLimited,
          absl::StrCat(machine, ": tried on x86_64 and aarch64 only"),
          "docs/lab.md"};
}

// Root of a user namespace has all capabilities, but only inside it: the map of
// its uids shows that (user_namespaces(7)).
bool IsRootOfUserNamespaceOnly() {
  const std::string map = ReadKernelFile("/proc/self/uid_map").value_or("");
  const std::vector<std::string> numbers =
      absl::StrSplit(map, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return numbers != std::vector<std::string>{"0", "0", "4294967295"};
}

Row CheckUser() {
  if (geteuid() != 0) {
    return {"user", Verdict::kLimited,
            absl::StrCat("uid ", geteuid(),
                         ": only chapters 5 and 6 are for "
                         "those who are not root"),
            kSudo};
  }
  if (IsRootOfUserNamespaceOnly()) {
    return {"user", Verdict::kLimited,
            "root of a user namespace, not of the machine",
            "leave the user namespace"};
  }
  return {"user", Verdict::kOk, "root"};
}

// The kilobytes in the third column of /proc/swaps, below its heading.
absl::StatusOr<uint64_t> SwapInBytes() {
  ASSIGN_OR_RETURN(const std::string text, ReadKernelFile("/proc/swaps"));
  uint64_t sum = 0;
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (auto line = lines.begin() + 1; line < lines.end(); ++line) {
    const std::vector<std::string> fields =
        absl::StrSplit(*line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    uint64_t kilobytes = 0;
    if (fields.size() > 2 && absl::SimpleAtoi(fields[2], &kilobytes)) {
      sum += kilobytes << 10;
    }
  }
  return sum;
}

Row CheckSwap() {
  const absl::StatusOr<uint64_t> swap = SwapInBytes();
  if (swap.ok() && *swap > 0) {
    return {"swap", Verdict::kOk, DescribeSize(*swap)};
  }
  return {"swap", Verdict::kLimited,
          swap.ok() ? "none: at its memory limit a container is killed, where "
                      "the articles' is swapped out"
                    : absl::StrCat(swap.status().message()),
          "a swap file (mkswap(8), swapon(8)), or the lab: docs/lab.md"};
}

Row CheckPropagation() {
  const std::string name = "mount at /";
  const absl::StatusOr<std::vector<Mount>> mounts = ReadMountInfo();
  if (!mounts.ok()) {
    return {name, Verdict::kNo, absl::StrCat(mounts.status().message()),
            "sudo mount -t proc proc /proc"};
  }
  const Mount* root = FindMount(*mounts, "/");
  if (root == nullptr) {
    return {name, Verdict::kLimited,
            "/ is no mount point, so this is a chroot: no user namespaces",
            "enter it with systemd-nspawn, or with unshare and pivot_root"};
  }
  const std::string propagation = DescribePropagation(*root);
  if (absl::StrContains(propagation, "shared")) {
    return {name, Verdict::kOk,
            absl::StrCat(propagation, ", as systemd makes it")};
  }
  return {name, Verdict::kLimited,
          absl::StrCat(propagation,
                       ": what goes wrong with a shared one does "
                       "not go wrong here (chapter 4)"),
          "for that experiment: sudo unshare --mount --propagation=shared sh"};
}

absl::Status MakeDirectory(const std::string& path) {
  return mkdir(path.c_str(), 0755) == 0
             ? absl::OkStatus()
             : ErrnoError(errno, absl::StrCat("make ", path));
}

// In its own mount namespace, so that everything disappears with the process.
absl::Status MountOverlay() {
  RETURN_IF_ERROR(SetPropagation(Propagation::kPrivate));
  if (mount("tmpfs", "/tmp", "tmpfs", 0, nullptr) != 0) {
    return ErrnoError(errno, "mount a tmpfs");
  }
  for (const char* path : {"/tmp/lower", "/tmp/lower/file", "/tmp/upper",
                           "/tmp/work", "/tmp/merged"}) {
    RETURN_IF_ERROR(MakeDirectory(path));
  }
  if (mount("overlay", "/tmp/merged", "overlay", 0,
            "lowerdir=/tmp/lower,upperdir=/tmp/upper,workdir=/tmp/work") != 0) {
    return ErrnoError(errno, "mount an overlay");
  }
  if (access("/tmp/merged/file", F_OK) != 0) {
    return ErrnoError(errno, "find a file of the lower layer in the overlay");
  }
  return absl::OkStatus();
}

Row CheckOverlay() {
  Command command;
  command.clone_flags = CLONE_NEWNS;
  command.in_child.push_back(MountOverlay);
  return RowOfTrial("overlayfs", Try(command), "mounted one",
                    "sudo modprobe overlay, or another kernel: docs/lab.md");
}

// In its own mount namespace. Mounting needs no server to answer the kernel.
absl::Status MountFuse() {
  RETURN_IF_ERROR(SetPropagation(Propagation::kPrivate));
  const UniqueFd device(open(kFuseDevice, O_RDWR | O_CLOEXEC));
  if (!device.valid()) {
    return ErrnoError(errno, absl::StrCat("open ", kFuseDevice));
  }
  const std::string options =
      absl::StrCat("fd=", device.get(), ",rootmode=40000,user_id=0,group_id=0");
  if (mount("doctor", "/tmp", "fuse", 0, options.c_str()) != 0) {
    return ErrnoError(errno, "mount by FUSE");
  }
  return absl::OkStatus();
}

Row CheckFuse() {
  return RowOfTrial("FUSE", TryFuse(), "can be mounted",
                    "sudo modprobe fuse, or another kernel: docs/lab.md");
}

}  // namespace

absl::Status TryFuse() {
  if (geteuid() != 0 && access(kFuseDevice, R_OK | W_OK) == 0 &&
      FindExecutable("fusermount3", SearchPath()).ok()) {
    return absl::OkStatus();
  }
  Command command;
  command.clone_flags = CLONE_NEWNS;
  command.in_child.push_back(MountFuse);
  return Try(command);
}

Section CheckMachine() {
  utsname system = {};
  uname(&system);
  return {"machine",
          "This machine",
          {CheckKernel(system), CheckArchitecture(system), CheckUser(),
           CheckSwap(), CheckPropagation(), CheckOverlay(), CheckFuse()}};
}

}  // namespace mydocker
