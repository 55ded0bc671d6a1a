"""Finds what a session has left behind, by an inventory before and after, and removes it.

A process or a mount keeps a namespace alive, and both are checked. What the
kernel removes late counts only if it is still there after a while.
"""

import collections
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import needs

SECONDS = 3 * needs.PATIENCE
# systemd's cgroups, which come and go.
SYSTEMDS = re.compile(r"\.(service|scope|slice|socket|mount|timer)(/|$)")
PLACES = ("/tmp", "/run/netns", "/mnt")
SYSCTLS = ("user/max_user_namespaces", "kernel/unprivileged_userns_clone")


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def stat_fields(pid):
    """(state, parent) of a process, or nothing if it has ended."""
    text = needs.read(f"/proc/{pid}/stat")
    return text.rpartition(")")[2].split()[:2] if text else None


def descendants():
    """Our living descendants: {pid: command}. Orphans among them are our children."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        fields = stat_fields(name)
        if fields:
            parents[int(name)] = (fields[0], int(fields[1]))
    found, me = {}, os.getpid()
    for pid, (state, parent) in parents.items():
        if state == "Z":
            if parent == me:
                reap(pid)
            continue
        while parent in parents and parent != me:
            parent = parents[parent][1]
        if parent == me:
            command = needs.read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
            found[pid] = command or needs.read(f"/proc/{pid}/comm").strip()
    return found


def cgroups():
    """(directory, inode) of each cgroup in all hierarchies, except systemd's."""
    found = set()
    for version in ("cgroup", "cgroup2"):
        for mount, _ in needs.cgroup_mounts(version):
            for directory, names, _ in os.walk(mount):
                names[:] = [name for name in names if not SYSTEMDS.search(name)]
                for path in (f"{directory}/{name}" for name in names):
                    try:
                        found.add((path, os.stat(path).st_ino))
                    except FileNotFoundError:
                        continue  # somebody else's, and gone
    return found


def mounts(pid):
    """(pid, mount point, type, its number among equal ones) of each mount that the process sees."""
    found, times = set(), collections.Counter()
    for line in needs.read(f"/proc/{pid}/mountinfo").splitlines():
        words, _, after = line.partition(" - ")
        what = (words.split()[4], after.split()[0])
        times[what] += 1
        found.add((pid, *what, times[what]))
    return found


class Inventory:
    """All that can outlive the program that made it; `watched` are the processes whose mounts are recorded."""

    def __init__(self, watched=()):
        self.watched = watched
        self.processes = descendants()
        self.cgroups = cgroups()
        self.mounts = set().union(*(mounts(pid) for pid in (os.getpid(), *watched)))
        self.files = {f"{place}/{name}" for place in PLACES if os.path.isdir(place) for name in os.listdir(place)}
        self.ipc = {(kind, line.split()[1]) for kind, table in (("queue", "msg"), ("semaphore", "sem"), ("shmem", "shm"))
                    for line in needs.read(f"/proc/sysvipc/{table}").splitlines()[1:]}
        self.devices = {name for _, name in socket.if_nameindex()}
        self.host_name = os.uname().nodename
        self.sysctls = {name: needs.read(f"/proc/sys/{name}").strip() for name in SYSCTLS}
        # An unmounted cgroup v1 hierarchy persists while it has cgroups.
        self.hierarchies = {line.split(":")[1] for line in needs.read("/proc/self/cgroup").splitlines()}
        self.swaps = {line.split()[0] for line in needs.read("/proc/swaps").splitlines()[1:]}


def _others(directory, mine):
    """Returns whether the cgroup, or one below it, has processes, and none of them is ours."""
    held = {int(pid) for below, _, _ in os.walk(directory) for pid in needs.read(f"{below}/cgroup.procs").split()}
    return bool(held) and not held & mine


def compare(before, now):
    """[(leftover, how to remove it)], in the order in which they can be removed."""
    left = []
    for pid in sorted(now.processes.keys() - before.processes.keys()):
        left.append((f"process {pid}: {now.processes[pid]}", lambda pid=pid: _kill(pid)))
    # The last mount lies on top; deeper paths are unmounted first.
    for pid, point, kind, _ in sorted(now.mounts - before.mounts, reverse=True):
        unmount = ("nsenter", f"--mount=/proc/{pid}/ns/mnt", "umount", "-l", point)
        left.append((f"mount {point} ({kind})", lambda unmount=unmount: _run(*unmount)))
    left += [(f"the mount {point} ({kind}) is gone", None) for _, point, kind, _ in sorted(before.mounts - now.mounts)]
    mine = set(now.processes)
    for directory, _ in sorted(now.cgroups - before.cgroups, reverse=True):
        if not _others(directory, mine):
            left.append((f"cgroup {directory}", lambda directory=directory: _remove_cgroup(directory)))
    left += [(f"file {path}", lambda path=path: _remove_file(path)) for path in sorted(now.files - before.files)]
    left += [(f"System V {kind} {number}", lambda kind=kind, number=number: _run("ipcrm", f"--{kind}-id", number))
             for kind, number in sorted(now.ipc - before.ipc)]
    left += [(f"network device {name}", lambda name=name: _run("ip", "link", "delete", name))
             for name in sorted(now.devices - before.devices)]
    left += [(f"swap {name}", lambda name=name: _run("swapoff", name)) for name in sorted(now.swaps - before.swaps)]
    left += [(f"cgroup hierarchy {name}", None) for name in sorted(now.hierarchies - before.hierarchies)]
    if now.host_name != before.host_name:
        left.append((f"the host name {now.host_name}, once {before.host_name}",
                     lambda: socket.sethostname(before.host_name)))
    for name, value in before.sysctls.items():
        if now.sysctls[name] != value:
            left.append((f"the sysctl {name.replace('/', '.')} = {now.sysctls[name]}, once {value}",
                         lambda name=name, value=value: pathlib.Path(f"/proc/sys/{name}").write_text(value)))
    return left


def find_and_remove(before):
    """Removes all leftovers since `before`, and returns them in words."""
    deadline = time.monotonic() + SECONDS
    now = Inventory(before.watched)
    left = compare(before, now)
    while left and time.monotonic() < deadline:
        time.sleep(0.05)  # for the kernel's own cleaning, which no event reports
        first, now = now.cgroups, Inventory(before.watched)
        now.cgroups &= first  # cgroups that come and go belong to other programs on this machine
        left = compare(before, now)
    told = [what for what, _ in left]
    while left and time.monotonic() < deadline + SECONDS:
        for _, remove in left:
            try:
                if remove:
                    remove()
            except OSError:
                pass  # perhaps in the next round, when nothing holds it any more
        left = [(what, remove) for what, remove in compare(before, Inventory(before.watched)) if remove]
    return told + [f"and cannot be removed: {what}" for what, _ in left]


def _run(*command):
    subprocess.run(command, capture_output=True)


def _kill(pid):
    os.kill(pid, signal.SIGKILL)
    reap(pid)


def _remove_cgroup(directory):
    for pid in map(int, needs.read(f"{directory}/cgroup.procs").split()):
        if pid in descendants():
            _kill(pid)
    os.rmdir(directory)


def _remove_file(path):
    if os.path.isdir(path) and not os.path.islink(path):
        # Only /tmp is ours alone; elsewhere remove only empty directories.
        shutil.rmtree(path, ignore_errors=True) if path.startswith("/tmp/") else os.rmdir(path)
    else:
        os.unlink(path)
