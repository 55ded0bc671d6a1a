// From chapter 9.
//
// A root file system of one's own: a directory that becomes "/", and what a
// program expects to find mounted there.

#ifndef MYDOCKER_COMMON_FILES_ROOTFS_H_
#define MYDOCKER_COMMON_FILES_ROOTFS_H_

#include <string>

#include "absl/status/status.h"

namespace mydocker {

// Makes the directory `path` the root of the caller's mount namespace, and what
// was the root before unreachable: its mounts leave the namespace. The working
// directory becomes "/". What is mounted below `path` stays outside.
//
// The mounts must not be shared (SetPropagation), or else the kernel refuses:
// the host's root would change with ours. Nothing is written to the directory,
// so it may lie on a read-only file system, and many containers may share it.
//
// Errors, all before anything has changed: `path` is missing, no directory, a
// symbolic link, or the root that there is; it has no folder proc, dev or sys
// to mount on, or something else is there, such as a link that leads somewhere
// else. Later ones are those of move_mount(2), pivot_root(2), umount(2).
// Source: pivot_root(2), "pivot_root(".", ".")"; article 002, which has
// chroot(2).
absl::Status EnterRootfs(const std::string& path);

// Mounts on /dev a small file system of our own with the devices that programs
// count on: null, zero, full, random, urandom and tty; fd, stdin, stdout and
// stderr, which lead to /proc/self/fd; new pseudoterminals in pts, with ptmx;
// memory to share in shm. None of the machine's disks, and of the host's
// terminals only the caller's own: whoever has one opens it as tty.
//
// To be called where "/" is the container's: a link in the place of /dev is
// followed, but cannot lead out of it.
// Errors: those of mount(2) and mknod(2).
// Source: OCI runtime specification, "Default Devices", "/dev symbolic links".
absl::Status MountDev();

// Has standard streams that are the host's /dev/null be the container's own
// instead. What is written is lost in either, but who holds the host's could
// change its permissions. To be called after MountDev. Errors: those of
// open(2).
absl::Status LeaveHostsNull();

// Mounts sysfs on /sys, for reading only: what is written there would concern
// the whole machine. It shows the network devices of the caller's network
// namespace, and no cgroups. To be called as MountDev. Errors: those of
// mount(2).
absl::Status MountSys();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_ROOTFS_H_
