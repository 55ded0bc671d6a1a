"""The errors that each system call can return where `run` and `init` make it.

All those in its manual page, and some that only the kernel's source shows (a
cgroup that is being removed gives ENODEV): limits of the machine (EMFILE,
ENOMEM, EAGAIN, …), a kernel or a security module that refuses (EPERM, EACCES,
ENOSYS), things that vanish or are taken meanwhile (ENOENT, ENODEV, EBUSY),
broken disks (EIO), signals (EINTR). LEFT_OUT lists the errors in manual pages
that are not here.
"""

import dataclasses

# The names of calls on machines whose kernel has only the newer form.
SAME = {"mkdirat": "mkdir", "faccessat": "access", "faccessat2": "access", "dup3": "dup2", "ppoll": "poll",
        "symlinkat": "symlink", "mknodat": "mknod", "fchmodat": "chmod", "readlinkat": "readlink", "open": "openat",
        "stat": "newfstatat", "fstat": "newfstatat", "lstat": "newfstatat", "getpgid": "getpgrp"}

ERRNOS = {
    "access": "EACCES EIO ELOOP ENOENT ENOMEM ENOTDIR EPERM EROFS",
    "chdir": "EACCES EIO ENOENT ENOMEM",
    "chmod": "EACCES EIO ENOENT ENOMEM EPERM EROFS",
    "clone3": "EAGAIN EINVAL ENOMEM ENOSPC ENOSYS EPERM",
    "close_range": "EINVAL EMFILE ENOMEM ENOSYS",
    "dup2": "EBUSY EINTR EMFILE",
    "execve": "E2BIG EACCES EAGAIN EINVAL EIO EISDIR ELIBBAD ELOOP EMFILE ENFILE ENOENT ENOEXEC ENOMEM ENOTDIR EPERM "
              "ETXTBSY",
    "execveat": "E2BIG EACCES EAGAIN EIO EMFILE ENFILE ENOEXEC ENOMEM EPERM",
    "fchdir": "EACCES EIO",
    "fsconfig": "EBUSY EINVAL ENOMEM ENOSPC EPERM",
    "fsmount": "EBUSY EINVAL EMFILE ENFILE ENOMEM EPERM",
    "fsopen": "EMFILE ENFILE ENODEV ENOMEM ENOSYS EPERM",
    "fstatfs": "EINTR EIO ENOMEM ENOSYS",
    "ftruncate": "EINTR EIO EPERM",
    "fchmod": "EIO EPERM EROFS",
    "fchown": "EIO EPERM EROFS",
    "fchownat": "EACCES EIO ENOENT ENOMEM EPERM EROFS",
    "fcntl": "",
    "flock": "EINTR ENOLCK",
    "getdents64": "EIO ENOENT",
    "getrandom": "EINTR ENOSYS",
    "ioctl": "EIO ENOTTY",
    "keyctl": "EDQUOT ENOMEM ENOSYS EPERM",
    "kill": "EPERM",
    "listxattr": "EACCES EIO ENOENT ENOMEM",
    "memfd_create": "EACCES EINVAL EMFILE ENFILE ENOMEM",
    "mkdir": "EACCES EEXIST ENOENT ENOMEM ENOSPC EPERM EROFS",
    "mknod": "EACCES EEXIST ENOMEM ENOSPC EPERM",
    "mmap": "ENOMEM",
    "mount": "EACCES EBUSY EINVAL ELOOP EMFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR EPERM",
    "mount_setattr": "EBUSY EINVAL ENOMEM ENOSYS EPERM",
    "move_mount": "EINVAL ELOOP ENOENT ENOMEM ENOSPC EPERM",
    "newfstatat": "EACCES EIO ELOOP ENOENT ENOMEM ENOTDIR",
    "open_tree": "EINVAL EMFILE ENFILE ENOMEM EPERM",
    "openat2": "EACCES ELOOP EMFILE ENFILE ENOENT ENOMEM ENOSYS ENOTDIR EPERM",
    "openat": "EACCES EIO EMFILE ENFILE ENOENT ENOMEM",
    "pidfd_open": "EMFILE ENFILE ENODEV ENOMEM",
    "pidfd_send_signal": "EPERM",
    "pipe2": "EMFILE ENFILE",
    "pivot_root": "EBUSY EINVAL ENOTDIR EPERM",
    "poll": "EINTR ENOMEM",
    "prctl": "EPERM",
    "pread64": "EINTR EIO",
    "prlimit64": "EPERM",
    "read": "EINTR EIO",
    "readlink": "EACCES EIO ELOOP ENOENT ENOMEM ENOTDIR",
    "rename": "EACCES EIO ENOENT ENOMEM ENOSPC EPERM EROFS",
    "rmdir": "EACCES EBUSY ENOENT ENOMEM EPERM EROFS",
    "sendfile": "EINTR EINVAL EIO ENOMEM ENOSPC",
    "setdomainname": "EPERM",
    "setgroups": "ENOMEM EPERM",
    "sethostname": "EPERM",
    "setresgid": "EPERM",
    "setresuid": "EAGAIN EPERM",
    "signalfd4": "EMFILE ENFILE ENODEV ENOMEM",
    "statx": "EACCES EIO ENOENT ENOMEM",
    "syncfs": "EDQUOT EIO ENOSPC",
    "symlink": "EACCES EEXIST EIO ENOMEM ENOSPC EPERM EROFS",
    "umount2": "EINVAL EPERM",
    "unlink": "EACCES EBUSY EIO ENOMEM EPERM EROFS",
    "unlinkat": "EACCES EBUSY EIO ENOMEM EPERM EROFS",
    "utimensat": "EACCES EIO ENOENT EPERM EROFS",
    "waitid": "ECHILD EINTR",
    "write": "EINTR EIO",
}

# Errors of a call on some objects only: call, text in its line, errors.
ON = (
    ("clone3", "CLONE_INTO_CGROUP", "EACCES EBUSY ENODEV EOPNOTSUPP"),
    ("openat", "/sys/fs/cgroup/", "ENODEV"),
    ("openat", "O_WRONLY", "EPERM EROFS"),
    ("openat", '"/dev/null"', "ENODEV ENXIO"),
    # Somebody else may have put something else there.
    ("openat", '"/var/lib/mydocker"', "ELOOP ENOTDIR"),
    ("openat", "/rootfs", "ELOOP ENOTDIR"),
    ("openat", '"/tmp/kept"', "ELOOP ENOTDIR"),
    ("flock", "LOCK_NB", "EAGAIN"),
    ("fcntl", "F_DUPFD", "EINVAL EMFILE ENOMEM"),
    ("fcntl", "F_ADD_SEALS", "EBUSY EPERM"),
    ("mkdir", "/sys/fs/cgroup/", "EAGAIN ENODEV"),
    ("mkdir", "/var/lib/", "EDQUOT EIO EMLINK"),
    ("mkdir", '"/var/lib/mydocker"', "ELOOP ENOTDIR"),
    ("mkdir", '"/tmp/kept', "EDQUOT EIO ELOOP EMLINK ENOTDIR"),
    ("mknod", '"/var/lib/', "EDQUOT EIO EROFS"),
    ("mount", '"overlay"', "EIO EROFS ESTALE"),
    ("newfstatat", "/busybox\"", "ENAMETOOLONG"),
    ("read", "/sys/fs/cgroup/", "ENODEV ENOMEM"),
    ("read", "/cgroup.procs>", "EOPNOTSUPP"),
    ("read", "/proc/", "ENOMEM"),
    ("read", "[signalfd]", "EAGAIN"),
    ("readlink", '"/tmp', "ENAMETOOLONG"),
    ("rmdir", '"/var/lib/', "EIO"),
    ("rmdir", '"/var/lib/mydocker/', "ENOTEMPTY"),
    ("symlink", '"/var/lib/', "EDQUOT"),
    ("unlinkat", "AT_REMOVEDIR", "ENOTEMPTY"),
    ("write", "/sys/fs/cgroup/", "EACCES EBUSY EINVAL ENODEV ENOMEM"),
    ("write", "/cpuset.", "ENOSPC"),
    ("write", "/tasks>", "ENOSPC EPERM ESRCH"),
    ("write", "/cgroup.procs>", "ENOSPC EOPNOTSUPP EPERM ESRCH"),
    ("write", "/cgroup.subtree_control>", "ENOENT EOPNOTSUPP"),
    ("write", "pipe:", "EPIPE"),
)

# Errors that manual pages also name, and why they cannot happen here.
LEFT_OUT = {
    "EFAULT, EBADF": "only a faulty program sees them: no pointer and no descriptor that is not there",
    "ENAMETOOLONG": "the names are ours and short, but for those that the user gives, which are looked at (stat, "
                    "readlink) before anything else",
    "ELOOP, ENOTDIR": "what stands before the last / are the kernel's directories, or our own. The exceptions are in ON",
    "EINVAL of flags and operations": "they are in the code, and the kernel knows them since 5.14 or before; where an "
                                      "older one would not, EINVAL is in the lists",
    "EINVAL of readlink": "is its answer on what is no link, which is every name that we resolve",
    "EISDIR of unlink": "is its answer on a directory, upon which that is removed by rmdir",
    "EAGAIN, EWOULDBLOCK": "only our signalfd does not block; of locks, those that ask for it",
    "EOVERFLOW": "32-bit programs",
    "ENOTBLK, ENXIO of mount": "no device is mounted",
    "EBUSY, EAGAIN of umount2": "MNT_DETACH waits for nobody",
    "EXDEV of rename": "both names are in one directory",
    "EUSERS, EEXIST of clone3": "Linux before 4.9; set_tid",
    "ESRCH of kill and pidfd_send_signal": "who is killed because it is in a cgroup may be gone: no matter, and nobody "
                                           "asks. Our own child, only we reap",
    "EDQUOT, EFBIG, ENOSPC of write": "nothing is written to a disk. To cgroups, ENOSPC is something else, and in ON",
    "ENOTEMPTY of rmdir, on cgroups": "there it is EBUSY",
    "EROFS of mount": "but for overlay, what is mounted lies on no disk",
}

# Calls that are not made to fail, and why. SIGKILL comes before these, too.
NEVER = {
    "brk": "tells of failure by its value and not by an errno; strace cannot give that value. malloc then asks mmap",
    "close": "frees the descriptor whatever it returns (close(2), NOTES); strace would leave it open, which no kernel "
             "does. Nothing is written that only close could say was lost",
    "exit_group": "does not return",
    "getpgrp": "always succeeds (getpgrp(2))",
    "getpid": "always succeeds (getpid(2))",
    "lseek": "fails only on what is no file (lseek(2))",
    "rt_sigaction": "fails only for a signal that there is not (sigaction(2))",
    "rt_sigpending": "fails only where its result cannot be written (sigpending(2))",
    "rt_sigprocmask": "fails only for an operation that there is not (sigprocmask(2))",
    "munmap": "gives memory back; the C library asks for nothing else",
    "futex": "wakes those who wait, and there is nobody",
    "umask": "always succeeds (umask(2))",
}
# Errors that report a state that does not exist: injected by strace, they would
# make the kernel lie. Other tests create that state.
WOULD_BE_A_LIE = {
    ("access", "ENOENT", '"l/0"'): "there is no container without a layer 0",
    ("readlink", "ENOENT", '"/var/lib/mydocker/'): "the link to what lies beside kept changes is there",
    ("openat", "ENOENT", '"/tmp/kept.work-'): "it is the container's own, like the link",
    ("getdents64", "ENOENT", "/tmp/kept.work-"): "the same",
    ("rmdir", "ENOENT", '"/tmp/kept.work-'): "the same",
    ("execve", "ENOEXEC", '"/nowhere/'): "the C library then gives the file to a shell, and there is none",
    ("mknod", "EEXIST", '"/var/lib/'): "the archive has nothing else of that name",
    ("mkdir", "EEXIST", "/mydocker\""): "the folder that all containers share is not there",
    ("openat", "ENOENT", '"/var/lib/mydocker/'): "it is the container's own directory, which nobody else removes",
    ("getdents64", "ENOENT", "/var/lib/mydocker/"): "the same",
    ("rmdir", "ENOENT", "/mydocker/"): "nobody else removes it while its watcher lives; so who hears this need not remove it",
    ("rmdir", "ENOENT", "/mydocker\""): "it is there: what is in it is removed just before",
    ("rmdir", "EBUSY", "/mydocker\""): "there is no other container in the folder that all share",
    ("newfstatat", "ENOENT", '"/sys/fs/cgroup/'): "no other mount hides the hierarchy",
    ("newfstatat", "ENOTDIR", '"/sys/fs/cgroup/'): "the same",
    ("openat2", "ENOENT", '"/etc/passwd"'): "a file that is not there is an empty one, without the user; it is there",
    ("openat2", "ENOTDIR", '"/etc/passwd"'): "the same",
    ("write", "EPIPE", "pipe"): "init is there and reads; where it is dead (SIGKILL, below), EPIPE is what comes",
}

BEFORE_MAIN = ("the C library, the C++ library and Abseil make these before main(): if one fails, it is not our code "
               "that sees it")


@dataclasses.dataclass(frozen=True)
class Verdict:
    errnos: tuple
    reason: str  # why there are no errors, or not all


def errnos_of(name, arguments):
    """`arguments` are in the form of strace -y."""
    name = SAME.get(name, name)
    if name in NEVER:
        return Verdict((), NEVER[name])
    errnos = ERRNOS[name].split()
    for call, sign, more in ON:
        if call == name and sign in arguments:
            errnos += more.split()
    if name == "newfstatat" and '""' in arguments:
        return Verdict((), "of a descriptor, it fails only where that is not open (fstat(2))")
    if name == "fcntl" and not errnos:
        return Verdict((), "asks for or sets a flag: it fails only where the descriptor is not open (fcntl(2))")
    if name == "mount" and "MS_REC" in arguments:
        errnos = ["EACCES", "EINVAL", "EPERM"]  # nothing is mounted
    reasons = [(errno, why) for (call, errno, sign), why in WOULD_BE_A_LIE.items()
               if call == name and errno in errnos and sign in arguments]
    for errno, _ in reasons:
        errnos.remove(errno)
    return Verdict(tuple(sorted(set(errnos))), "; ".join(f"{errno}: {why}" for errno, why in reasons))
