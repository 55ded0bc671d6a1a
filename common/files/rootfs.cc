#include "common/files/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {
namespace {

// Returns whether it is the directory "/", whatever name it was opened by.
bool IsTheRoot(const UniqueFd& directory) {
  struct stat one = {};
  struct stat root = {};
  return fstat(directory.get(), &one) == 0 && stat("/", &root) == 0 &&
         one.st_dev == root.st_dev && one.st_ino == root.st_ino;
}

// #region open
// Opens the directory `name` below `directory`, and does not follow `name` if
// it is a link. `doing` is what it is for, in errors.
absl::StatusOr<UniqueFd> OpenDirectoryAt(int directory, const std::string& name,
                                         absl::string_view doing) {
  UniqueFd opened(openat(directory, name.c_str(),
                         O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (opened.valid()) {
    return opened;
  }
  const absl::Status status = ErrnoError(errno, doing);
  std::array<char, PATH_MAX> target;
  const ssize_t size =
      readlinkat(directory, name.c_str(), target.data(), target.size());
  if (size < 0) {
    const bool missing =
        ErrnoOf(status) == ENOENT || ErrnoOf(status) == ENOTDIR;
    return missing ? WithHint(status,
                              "make rootfs-busybox makes a root file system, "
                              "build/rootfs")
                   : status;
  }
  return WithHint(status,
                  absl::StrCat("it is a symbolic link to ",
                               absl::string_view(target.data(), size),
                               ", which could lead anywhere: not followed"));
}

// Opens the directory that is to become the root, and checks it.
absl::StatusOr<UniqueFd> OpenRootfs(const std::string& path) {
  // With a slash at its end, a link would be followed all the same.
  const std::string name = path.substr(0, path.find_last_not_of('/') + 1);
  const std::string doing = absl::StrCat("make ", path, " the root");
  ASSIGN_OR_RETURN(UniqueFd rootfs,
                   OpenDirectoryAt(AT_FDCWD, name.empty() ? "/" : name, doing));
  if (IsTheRoot(rootfs)) {
    return absl::InvalidArgumentError(
        absl::StrCat(doing, ": it is the host's own root"));
  }
  for (const char* folder : {"proc", "dev", "sys"}) {
    RETURN_IF_ERROR(
        OpenDirectoryAt(rootfs.get(), folder,
                        absl::StrCat(doing, ": mount on its folder ", folder))
            .status());
  }
  return rootfs;
}
// #endregion open

absl::Status Mount(const char* type, const std::string& target, uint64_t flags,
                   const char* options) {
  if (mount(type, target.c_str(), type, flags, options) != 0) {
    return ErrnoError(errno, absl::StrCat("mount ", type, " on ", target));
  }
  return absl::OkStatus();
}

absl::Status MakeDirectory(const std::string& path) {
  return mkdir(path.c_str(), 0755) == 0
             ? absl::OkStatus()
             : ErrnoError(errno, absl::StrCat("make ", path));
}

// #region devices
struct Device {
  absl::string_view name;
  unsigned major;
  unsigned minor;
};

// The kernel's device numbers (its document devices.txt). None of them belongs
// to hardware, or returns what was written to it.
constexpr Device kDevices[] = {
    {"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
    {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

struct Link {
  absl::string_view name;
  const char* target;
};

constexpr Link kLinks[] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"},
    {"stdout", "/proc/self/fd/1"}, {"stderr", "/proc/self/fd/2"},
    {"ptmx", "pts/ptmx"},
};
// #endregion devices

// Makes the device readable and writable for everybody, whatever the umask is.
absl::Status MakeDevice(const Device& device) {
  const std::string path = absl::StrCat("/dev/", device.name);
  if (mknod(path.c_str(), S_IFCHR, makedev(device.major, device.minor)) != 0 ||
      chmod(path.c_str(), 0666) != 0) {
    return ErrnoError(errno, absl::StrCat("make the device ", path));
  }
  return absl::OkStatus();
}

// Returns whether it is a null device, whatever name it was opened by.
bool IsNull(int fd) {
  struct stat attributes = {};
  return fstat(fd, &attributes) == 0 && S_ISCHR(attributes.st_mode) &&
         attributes.st_rdev == makedev(1, 3);
}

}  // namespace

// #region enter
absl::Status EnterRootfs(const std::string& path) {
  ASSIGN_OR_RETURN(const UniqueFd directory, OpenRootfs(path));
  // Only a mount can become the root, and a directory is not one. So we mount
  // the directory on itself: mount --bind, in two steps, neither of which looks
  // up a path again.
  const UniqueFd rootfs(
      open_tree(directory.get(), "",
                AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!rootfs.valid() ||
      move_mount(rootfs.get(), "", directory.get(), "",
                 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) != 0) {
    return ErrnoError(errno, absl::StrCat("mount ", path, " on itself"));
  }
  // "." for both: the new root is the working directory, and the kernel mounts
  // the old one on top of it, where the second "." finds and unmounts it.
  if (fchdir(rootfs.get()) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) {
    const int error = errno;
    return ErrnoError(error, absl::StrCat("make ", path, " the root"),
                      error == EINVAL
                          ? "the root that there is cannot be moved "
                            "away in a chroot or an initramfs"
                          : "");
  }
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
    return ErrnoError(errno, "detach the host's root");
  }
  return absl::OkStatus();
}
// #endregion enter

// #region mount-dev
absl::Status MountDev() {
  // Not nodev, since it exists for devices.
  RETURN_IF_ERROR(
      Mount("tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=755,size=64k"));
  for (const Device& device : kDevices) {
    RETURN_IF_ERROR(MakeDevice(device));
  }
  for (const Link& link : kLinks) {
    const std::string path = absl::StrCat("/dev/", link.name);
    if (symlink(link.target, path.c_str()) != 0) {
      return ErrnoError(errno, absl::StrCat("make the link ", path));
    }
  }
  RETURN_IF_ERROR(MakeDirectory("/dev/pts"));
  RETURN_IF_ERROR(Mount("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
                        "newinstance,ptmxmode=0666,mode=0620,gid=5"));
  RETURN_IF_ERROR(MakeDirectory("/dev/shm"));
  return Mount("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV | MS_NOEXEC,
               "mode=1777,size=64m");
}
// #endregion mount-dev

absl::Status LeaveHostsNull() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (!IsNull(stream)) {
      continue;
    }
    const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null.valid() || dup2(null.get(), stream) < 0) {
      return ErrnoError(errno, "open the container's /dev/null");
    }
  }
  return absl::OkStatus();
}

absl::Status MountSys() {
  return Mount("sysfs", "/sys", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
               nullptr);
}

}  // namespace mydocker
