#!/usr/bin/python3
"""The exercises of chapter 9: -read-only, -volume SOURCE:TARGET, -cap-drop NAME."""

import ctypes
import os
import signal
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
# The numbers of system calls that glibc may have no function for.
PIVOT_ROOT = {"x86_64": 155}.get(os.uname().machine, 41)
OPEN_TREE, MOVE_MOUNT = 428, 429
OPEN_TREE_CLONE, AT_FDCWD = 1, -100
MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_SYMLINKS = 4, 16
NEW_UTS, NEW_IPC, NEW_PID, NEW_NS, NEW_NET = 0x04000000, 0x08000000, 0x20000000, 0x00020000, 0x40000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MNT_DETACH, PR_SET_PDEATHSIG, PR_CAPBSET_DROP = 2, 1, 24
CAPABILITIES = {"CHOWN": 0, "NET_RAW": 13, "SYS_CHROOT": 18, "SYS_ADMIN": 21, "SYS_TIME": 25, "MKNOD": 27}
DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}


def check(result, what):
    if result < 0:
        sys.stderr.write(f"9.py: {what}: {os.strerror(ctypes.get_errno())}\n")
        os._exit(125)
    return result


def mount(source, target, kind, flags, options=None):
    encoded = [word.encode() if word else None for word in (source, target, kind)]
    check(LIBC.mount(*encoded, ctypes.c_ulong(flags), options.encode() if options else None), f"mount {target}")


def command_line():
    if sys.argv[1:2] != ["run"]:
        sys.exit(125)
    words, flags = sys.argv[2:], {}
    while words[0].startswith("-"):
        name = words.pop(0)
        flags[name] = True if name in ("-ti", "-read-only") else words.pop(0)
    return flags, words


def make_dev():
    mount("tmpfs", "/dev", "tmpfs", 0)
    for name, number in DEVICES.items():
        os.mknod(f"/dev/{name}", 0o20666, os.makedev(*number))
        os.chmod(f"/dev/{name}", 0o666)
    os.mkdir("/dev/shm")
    mount("tmpfs", "/dev/shm", "tmpfs", 0)


def enter(rootfs, volume, read_only):
    source, _, target = volume.partition(":")
    if volume:  # While the path still exists.
        volume_fd = check(LIBC.syscall(OPEN_TREE, AT_FDCWD, source.encode(), OPEN_TREE_CLONE), f"open {source}")
    mount(rootfs, rootfs, None, MS_BIND)
    os.chdir(rootfs)
    check(LIBC.syscall(PIVOT_ROOT, b".", b"."), "change the root")
    check(LIBC.umount2(b".", MNT_DETACH), "detach the host's root")
    os.chdir("/")
    make_dev()
    if volume:
        check(LIBC.syscall(MOVE_MOUNT, volume_fd, b"", AT_FDCWD, target.encode(),
                           MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS), f"mount on {target}")
        os.close(volume_fd)
    if read_only:
        mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY)


def become(flags, command):
    check(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "die with the parent")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    if "-rootfs" in flags:
        enter(flags["-rootfs"], flags.get("-volume", ""), "-read-only" in flags)
    mount("proc", "/proc", "proc", 0)
    if "-ti" not in flags:
        os.dup2(os.open("/dev/null", os.O_RDWR), 0)
    if "-cap-drop" in flags:
        check(LIBC.prctl(PR_CAPBSET_DROP, CAPABILITIES[flags["-cap-drop"]], 0, 0, 0), "drop the capability")
    # Not execvp: it imports a module, and Python's modules are gone with the
    # host's files.
    for folder in os.environ["PATH"].split(":"):
        try:
            os.execv(os.path.join(folder, command[0]), command)
        except FileNotFoundError:
            pass
    os._exit(127)


def main():
    flags, command = command_line()
    check(LIBC.unshare(NEW_UTS | NEW_IPC | NEW_PID | NEW_NS | NEW_NET), "make namespaces")
    child = os.fork()
    if child == 0:
        become(flags, command)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(status if status >= 0 else 128 - status)


main()
