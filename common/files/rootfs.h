// From chapter 9.
//
// A container's own root file system: a directory that becomes "/", and the
// mounts that programs expect there.

#ifndef MYDOCKER_COMMON_FILES_ROOTFS_H_
#define MYDOCKER_COMMON_FILES_ROOTFS_H_

#include <string>

#include "absl/status/status.h"

namespace mydocker {

// Makes the directory `path` the root of the caller's mount namespace, and the
// old root unreachable: its mounts leave the namespace. The working directory
// becomes "/". Mounts below `path` stay outside.
//
// The mounts must not be shared (SetPropagation), or the kernel refuses: the
// host's root would change with ours. Nothing is written to the directory, so
// it may lie on a read-only file system, and many containers may share it.
//
// Errors, all before anything has changed: `path` is missing, not a directory,
// a symbolic link, or the current root; its proc, dev or sys to mount on is
// missing or not a directory, such as a link that leads elsewhere. Later ones
// are those of move_mount(2), pivot_root(2), umount(2).
// Source: pivot_root(2), "pivot_root(".", ".")"; article 002, which has
// chroot(2).
absl::Status EnterRootfs(const std::string& path);

// Mounts on /dev a small file system of our own with the devices that programs
// count on: null, zero, full, random, urandom and tty; fd, stdin, stdout and
// stderr, which lead to /proc/self/fd; new pseudoterminals in pts, with ptmx;
// shared memory in shm. It has none of the machine's disks, and of the host's
// terminals only the caller's own, as tty.
//
// Call it when "/" is the container's: if /dev is a link, it is followed, but
// cannot lead out of the container.
// Errors: those of mount(2) and mknod(2).
// Source: OCI runtime specification, "Default Devices", "/dev symbolic links".
absl::Status MountDev();

// Replaces standard streams that are the host's /dev/null by the container's
// own. Both discard what is written, but a process that holds the host's could
// change its permissions. Call it after MountDev. Errors: those of open(2).
absl::Status LeaveHostsNull();

// Mounts sysfs on /sys, read-only: writes there would affect the whole machine.
// It shows the network devices of the caller's network namespace, and no
// cgroups. Call it like MountDev. Errors: those of mount(2).
absl::Status MountSys();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_ROOTFS_H_
