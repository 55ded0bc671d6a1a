"""A host that may be damaged, and what a container may leave on it."""

import ctypes
import errno
import os
import pathlib
import signal
import socket
import subprocess
import time

from tracing import libc, read

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
MS_BIND, MS_REC, MS_PRIVATE, MS_SHARED = 0x1000, 0x4000, 0x40000, 0x100000
PR_SET_CHILD_SUBREAPER = 36
LAYERS = pathlib.Path("/var/lib/mydocker")
RUN = pathlib.Path("/run/mydocker")
SECONDS = 5  # for what the kernel does asynchronously


def _must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _mount(source, target, kind, flags):
    _must(libc.mount(*(text and text.encode() for text in (source, target, kind)), ctypes.c_ulong(flags), None),
          f"mount {target}")


def become_a_host():
    """Our own names, queues, mounts, /tmp, /run and /var/lib; "/" is shared as systemd makes it. Orphans become our
    children. The directories are in memory, also because an overlay that ends waits for the disk."""
    here = os.getcwd()
    _must(libc.unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
    project = os.open(here, os.O_PATH)
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    for directory in ("/tmp", "/run", "/var/lib"):
        _mount("tmpfs", directory, "tmpfs", 0)
    if here.startswith("/tmp/"):
        os.makedirs(here)
        _mount(f"/proc/self/fd/{project}", here, None, MS_BIND | MS_REC)
        os.chdir(here)
    os.close(project)
    _mount(None, "/", None, MS_REC | MS_SHARED)
    _must(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


class Hierarchies:
    """The place of each controller, read once."""

    def __init__(self):
        self.mounts, self.place = [], {}
        for line in read("/proc/self/mountinfo").splitlines():
            fields, _, rest = line.partition(" - ")
            kind, _, options = rest.split(" ", 2)
            if kind not in ("cgroup", "cgroup2"):
                continue
            point = fields.split()[4]
            self.mounts.append(point)
            names = options.split(",") if kind == "cgroup" else read(f"{point}/cgroup.controllers").split()
            for name in names:
                self.place.setdefault(name, (kind, point))

    def limit(self, pid, controller, v1_file, v2_file):
        """The content of this file of the process's own cgroup; nothing if it is in none of mydocker's."""
        kind, point = self.place[controller]
        for line in read(f"/proc/{pid}/cgroup").splitlines():
            _, names, path = line.split(":", 2)
            if (controller in names.split(",")) if kind == "cgroup" else not names:
                return read(f"{point}{path}/{v1_file if kind == 'cgroup' else v2_file}").strip() \
                    if path.startswith("/mydocker/") else ""
        return ""


def stat_fields(pid):
    """(state, parent)"""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:2]


def _reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
        return True
    except ChildProcessError:
        return False


def descendants():
    """{pid: command} of all our descendants. Without a child there is no grandchild."""
    if not _reap():
        return {}
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        fields = stat_fields(name)
        if fields:
            parents[int(name)] = int(fields[1])
    found = {}
    for pid in parents:
        ancestor = parents[pid]
        while ancestor in parents and ancestor != os.getpid():
            ancestor = parents[ancestor]
        if ancestor == os.getpid():
            found[pid] = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip() or read(f"/proc/{pid}/comm").strip()
    return found


class Host:
    def __init__(self, watched=(), keeps_volumes=False):
        """`watched` are directories whose entries are compared, beside /tmp."""
        self.keeps_volumes = keeps_volumes
        self.hierarchies = Hierarchies()
        self.watched = ("/tmp", *watched)
        self.before = self._now()

    def _now(self):
        things = {("mount", line) for line in read("/proc/self/mountinfo").splitlines()}
        for point in self.hierarchies.mounts:
            for directory, _, _ in os.walk(f"{point}/mydocker"):
                things.add(("cgroup", directory))
        for directory in (str(LAYERS), str(RUN), *self.watched):
            for name in ([".", *os.listdir(directory)] if os.path.isdir(directory) else []):
                things.add(("file", f"{directory}/{name}"))
        things.add(("host name", socket.gethostname()))
        for table in ("msg", "sem", "shm"):
            things.add((f"System V {table}", read(f"/proc/sysvipc/{table}")))
        return things

    def changes(self):
        """The leftovers, and what is missing, in words, after the kernel has had time to clean up."""
        deadline = time.monotonic() + SECONDS
        while True:
            left = sorted(f"process {pid}: {name}" for pid, name in descendants().items())
            now = self._now()
            left += sorted(f"{kind} {name}" for kind, name in now - self.before)
            left += sorted(f"no more: {kind} {name}" for kind, name in self.before - now)
            if not left or time.monotonic() > deadline or not any(
                    line.startswith(("process", "cgroup")) for line in left):
                return left
            if not any(line.startswith("process") for line in left):
                return left  # a cgroup is removed when its process has ended, or not at all
            time.sleep(0.002)

    def tidy(self):
        """Removes what one case has left, so that the next begins like the first."""
        for pid in descendants():
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + SECONDS
        while descendants() and time.monotonic() < deadline:
            time.sleep(0.01)
        subprocess.run(["scripts/recover.sh"], capture_output=True, check=False)
        # The innermost cgroup first. recover.sh removes only recorded cgroups.
        for kind, name in sorted(self._now() - self.before, reverse=True):
            if kind == "cgroup":
                os.rmdir(name)
            elif kind == "mount":
                libc.umount2(name.split()[4].encode(), 2)
            elif kind == "file":
                subprocess.run(["rm", "-rf", "--one-file-system", name], check=False)
        if LAYERS.is_dir() and not self.keeps_volumes:
            raise OSError(errno.EBUSY, f"{LAYERS} stays")
