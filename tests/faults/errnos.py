"""Which errors each system call can give, at the places where `run` and `init` make it.

Of those in its manual page, the ones that a correct program meets: limits of
the machine (EMFILE, ENOMEM, EAGAIN, …), a kernel or a security module that
refuses (EPERM, EACCES, ENOSYS), things that vanish or are taken meanwhile
(ENOENT, ENODEV, EBUSY), broken disks (EIO), signals (EINTR). Not EFAULT and
EBADF, which only a faulty program sees.
"""

import dataclasses

# Names that a call has on machines whose kernel has only the newer form.
SAME = {"mkdirat": "mkdir", "faccessat": "access", "faccessat2": "access", "dup3": "dup2", "ppoll": "poll",
        "symlinkat": "symlink", "mknodat": "mknod", "fchmodat": "chmod", "readlinkat": "readlink", "open": "openat",
        "stat": "newfstatat", "fstat": "newfstatat", "lstat": "newfstatat", "getpgid": "getpgrp"}

ERRNOS = {
    "access": "EACCES EIO ELOOP ENOENT ENOMEM EROFS",
    "chdir": "EACCES EIO ENOENT ENOMEM",
    "chmod": "EIO ENOENT EPERM EROFS",
    "chroot": "EACCES ENOMEM EPERM",
    "clone3": "EAGAIN EINVAL ENOMEM ENOSPC ENOSYS EPERM",
    "close_range": "EINVAL EMFILE ENOMEM ENOSYS",
    "dup2": "EBUSY EINTR EMFILE",
    "execve": "E2BIG EACCES EAGAIN EIO ELOOP EMFILE ENOENT ENOEXEC ENOMEM EPERM ETXTBSY",
    "fchdir": "EACCES",
    "fcntl": "",
    "flock": "EINTR ENOLCK",
    "getdents64": "EIO ENOENT",
    "getrandom": "EINTR ENOSYS",
    "ioctl": "EIO ENOTTY",
    "memfd_create": "EACCES EINVAL EMFILE ENFILE ENOMEM",
    "mkdir": "EACCES EAGAIN EEXIST ENOENT ENOMEM ENOSPC EROFS",
    "mknod": "EEXIST ENOMEM ENOSPC EPERM",
    "mmap": "ENOMEM",
    "mount": "EACCES EBUSY EINVAL ENODEV ENOENT ENOMEM ENOSPC EPERM",
    "move_mount": "EINVAL ELOOP ENOSPC EPERM",
    "newfstatat": "EACCES EIO ELOOP ENOENT ENOMEM ENOTDIR",
    "open_tree": "EMFILE ENFILE ENOMEM EPERM",
    "openat": "EACCES EIO EMFILE ENFILE ENOENT ENOMEM",
    "pidfd_send_signal": "EPERM",
    "pipe2": "EMFILE ENFILE",
    "pivot_root": "EBUSY EINVAL EPERM",
    "poll": "EINTR ENOMEM",
    "prctl": "EPERM",
    "read": "EINTR EIO",
    "readlink": "EACCES EIO ENOENT ENOMEM",
    "rmdir": "EACCES EBUSY ENOMEM EROFS",
    "sendfile": "EINTR EIO ENOMEM ENOSPC",
    "sethostname": "EPERM",
    "setns": "EPERM",
    "signalfd4": "EMFILE ENFILE ENOMEM",
    "symlink": "EACCES EEXIST EIO ENOSPC EROFS",
    "umount2": "EINVAL EPERM",
    "unlink": "EACCES EBUSY EIO EROFS",
    "unlinkat": "EACCES EBUSY EIO EROFS",
    "waitid": "ECHILD EINTR",
    "write": "EINTR EIO",
}

# What a call gives on some objects only: call, what its line contains, errors.
ON = (
    ("openat", "/sys/fs/cgroup/", "ENODEV"),
    ("openat", "O_WRONLY", "EROFS"),
    ("flock", "LOCK_NB", "EAGAIN"),
    ("fcntl", "F_DUPFD", "EMFILE"),
    ("fcntl", "F_ADD_SEALS", "EBUSY EPERM"),
    ("mkdir", "/var/lib/", "EIO EMLINK"),
    ("read", "/sys/fs/cgroup/", "ENODEV ENOMEM"),
    ("read", "/proc/", "ENOMEM"),
    ("write", "/sys/fs/cgroup/", "EACCES EBUSY EINVAL ENODEV ENOMEM"),
    ("write", "/tasks>", "ENOSPC EPERM ESRCH"),
    ("write", "/cgroup.procs>", "ENOSPC EOPNOTSUPP"),
    ("write", "pipe:", "EPIPE"),
)

# What is not made to fail, and why. SIGKILL comes before these, too.
NEVER = {
    "brk": "tells of failure by its value and not by an errno; strace cannot give that value. malloc then asks mmap",
    "close": "frees the descriptor whatever it returns (close(2), NOTES); strace would leave it open, which no kernel "
             "does. Nothing is written that only close could say was lost",
    "exit_group": "does not return",
    "getpgrp": "always succeeds (getpgrp(2))",
    "getpid": "always succeeds (getpid(2))",
    "lseek": "fails only on what is no file (lseek(2))",
    "rt_sigaction": "fails only for a signal that there is not (sigaction(2))",
    "rt_sigprocmask": "fails only for an operation that there is not (sigprocmask(2))",
    "munmap": "gives memory back; the C library asks for nothing else",
    "futex": "wakes those who wait, and there is nobody",
    "umask": "always succeeds (umask(2))",
}
# An error that tells of something that would have to be so, and is not; strace
# would make a liar of the kernel. Other tests make it so.
WOULD_BE_A_LIE = {
    ("access", "ENOENT", '"l/0"'): "there is no container without a layer 0",
    ("mkdir", "EEXIST", "/mydocker\""): "the folder that all containers share is not there",
    ("openat", "ENOENT", '"/var/lib/mydocker/'): "it is the container's own directory, which nobody else removes",
    ("getdents64", "ENOENT", "/var/lib/mydocker/"): "the same",
    ("rmdir", "EBUSY", "/mydocker\""): "there is no other container in the folder that all share",
    ("write", "EPIPE", "pipe"): "init is there and reads; where it is dead (SIGKILL, below), EPIPE is what comes",
}

BEFORE_MAIN = ("the C library, the C++ library and Abseil make these before main(): if one fails, it is not our code "
               "that sees it")


@dataclasses.dataclass(frozen=True)
class Verdict:
    errnos: tuple
    reason: str  # why there are none, or not all


def errnos_of(name, arguments):
    """`arguments` are as strace -y shows them."""
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
