"""The needs of sessions, and whether this machine meets them.

Each need is a function that returns nothing, or what is missing, in words.
"""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess

from pages import BookError

CLONE_NEWUSER = 0x10000000
ORDINARY_USER = int(os.environ.get("SUDO_UID") or 0) or 1000

# The lab's kernels may be emulated, some ten times slower than the machine below.
PATIENCE = 10 if os.environ.get("MYDOCKER_LAB") else 1


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError:
        return ""


def cgroup_mounts(version):
    """(mount point, options) of each hierarchy of that version: "cgroup" or "cgroup2"."""
    for line in read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind == version:
            yield before.split()[4], options.split(",")


def on_v1(controller):
    return any(controller in options for _, options in cgroup_mounts("cgroup"))


def on_v2(controller):
    return any(controller in read(f"{mount}/cgroup.controllers").split() for mount, _ in cgroup_mounts("cgroup2"))


def root():
    return None if os.geteuid() == 0 else "this needs root"


def user():
    """An ordinary user, which the runner, as root, becomes."""
    return None


def cgroup1():
    return None if on_v1("memory") else "the memory controller is not on cgroup v1 here"


def cgroup2():
    return None if on_v2("memory") else "the memory controller is not on cgroup v2 here"


def hybrid():
    both = any(cgroup_mounts("cgroup2")) and any(cgroup_mounts("cgroup"))
    return None if both else "this machine does not have cgroup v1 and v2 at once"


def purev1():
    return "cgroup v2 is mounted here as well" if any(cgroup_mounts("cgroup2")) else cgroup1()


def has_swap():
    return len(read("/proc/swaps").splitlines()) > 1


def swap():
    return None if has_swap() else "this machine has no swap"


def noswap():
    return "this machine has swap" if has_swap() else None


def userns():
    """Can an ordinary user make a user namespace, and be root in it?"""
    if read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").strip() == "1":
        return "AppArmor keeps ordinary users from user namespaces here"
    child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setgid(ORDINARY_USER)
                os.setuid(ORDINARY_USER)
            os._exit(0 if ctypes.CDLL(None).unshare(CLONE_NEWUSER) == 0 else 1)
        finally:
            os._exit(1)
    allowed = os.waitpid(child, 0)[1] == 0
    return None if allowed else "ordinary users cannot make user namespaces here"


def fuse():
    """Can an ordinary user mount by FUSE?"""
    if not shutil.which("fusermount3"):
        return "the program fusermount3 is missing (package fuse3)"
    if not os.path.exists("/dev/fuse"):
        return "/dev/fuse is not there"
    everybodys = os.stat("/dev/fuse").st_mode & 0o006 == 0o006
    return None if everybodys else "ordinary users may not open /dev/fuse here (udev makes it everybody's)"


def net():
    return None if shutil.which("ip") else "the program ip is missing (package iproute2)"


def docker():
    try:
        asked = subprocess.run(["docker", "version"], capture_output=True, timeout=20)
        return None if asked.returncode == 0 else "Docker's daemon does not answer"
    except FileNotFoundError:
        return "Docker is not installed"
    except subprocess.TimeoutExpired:
        return "Docker's daemon does not answer"


def cpus2():
    return None if len(os.sched_getaffinity(0)) > 1 else "this machine has one CPU"


def lab():
    """For sessions that could harm a reader's machine."""
    return None if os.environ.get("MYDOCKER_LAB") else "this is only for the lab's machines"


NEEDS = {check.__name__: check for check in (
    root, user, userns, cgroup1, cgroup2, hybrid, purev1, swap, noswap, fuse, net, docker, cpus2, lab)}


def check_name(name, where):
    if name not in NEEDS and not re.match(r"(tool|linux|file):.", name):
        raise BookError(f"{where}: there is no need '{name}'; there are {', '.join(NEEDS)},"
                        " tool:PROGRAM, file:PATH and linux:VERSION")


def missing(name):
    """Why this machine does not meet the need, in words, or nothing."""
    kind, _, value = name.partition(":")
    if kind == "tool":
        return None if shutil.which(value) else f"the program {value} is missing"
    if kind == "file":
        return None if os.path.exists(value) else f"{value} is not there"
    if kind == "linux":
        wanted, has = ([int(part) for part in re.findall(r"\d+", text)[:2]] for text in (value, os.uname().release))
        return None if has >= wanted else f"this is Linux {os.uname().release}"
    return NEEDS[name]()
