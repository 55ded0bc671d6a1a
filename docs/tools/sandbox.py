"""The place where the sessions of a page run: a copy of the project, seen as /tmp/mydocker.

As root the page gets its own private mount namespace with an empty /tmp: the
machine never sees what a session mounts or leaves there. The copy shares the
files of build/ with the project by hard links (the compiler replaces its output
files), so that `make chapter3` has nothing to compile; all other files are
copies.
"""

import ctypes
import os
import pathlib
import shutil
import signal
import tempfile

from needs import ORDINARY_USER

CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
NOT_COPIED = {".git", "__pycache__", "workshop"}
NOT_COPIED_BUILD = {"docs", "lab", "rootfs-debian", "sanitize"}
LIBC = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    if getattr(LIBC, function)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}: {os.strerror(error)}")


def mount(source, target, flags):
    call("mount", source.encode(), target.encode(), None, flags, None)


def link_or_copy(source, target):
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)


def copy_project(root, target):
    """The project as `make` left it, with the same times."""
    root = pathlib.Path(root)
    top = root / "build"

    def ignored(directory, names):
        mine = NOT_COPIED | (NOT_COPIED_BUILD if pathlib.Path(directory) == top else set())
        return mine & set(names)

    shutil.copytree(root, target, symlinks=True,
                    ignore=lambda directory, names: ignored(directory, names) | (
                        {"build"} & set(names) if pathlib.Path(directory) == root else set()))
    if top.is_dir():
        shutil.copytree(top, target / "build", symlinks=True, ignore=ignored, copy_function=link_or_copy)


class Sandbox:
    """Made once in the process that runs a page, which never leaves it."""

    def __init__(self, root):
        self.home = os.getpid()  # only the process that made the sandbox may remove it
        scratch = pathlib.Path(root) / "build" / "docs"
        scratch.mkdir(parents=True, exist_ok=True)
        for old in scratch.iterdir():
            if not os.path.exists(f"/proc/{old.name.partition('.')[0]}"):
                shutil.rmtree(old, ignore_errors=True)  # left by a run that was killed
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix=f"{os.getpid()}.", dir=scratch))
        self.real_project = self.scratch / "tmp" / "mydocker"
        (self.scratch / "tmp").mkdir()
        copy_project(root, self.real_project)
        self.private = os.geteuid() == 0
        self.outside = None  # the machine's mount namespace
        self.project = self.real_project
        call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        call("prctl", PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if self.private:
            self._own_mounts()

    def _own_mounts(self):
        os.chmod(self.scratch, 0o755)
        os.chmod(self.scratch / "tmp", 0o1777)
        self.outside = f"/proc/{os.getppid()}/ns/mnt"
        self.scratch_fd = os.open(self.scratch.parent, os.O_RDONLY | os.O_CLOEXEC)
        call("unshare", CLONE_NEWNS)
        mount("none", "/", MS_REC | MS_PRIVATE)
        mount(str(self.scratch / "tmp"), "/tmp", MS_BIND)
        self.project = pathlib.Path("/tmp/mydocker")

    def give_to_user(self):
        """Makes the ordinary user the owner, as readers own their clone; but not of shared files."""
        for path in [self.project, *self.project.rglob("*")]:
            status = path.lstat()
            if path.is_dir() or status.st_nlink == 1:
                os.chown(path, ORDINARY_USER, ORDINARY_USER, follow_symlinks=False)

    def leave_mounts(self):
        """For a child before it executes a `host` session's shell."""
        outside = os.open(self.outside, os.O_RDONLY | os.O_CLOEXEC)
        call("setns", outside, CLONE_NEWNS)
        os.chdir(self.real_project)

    def remove(self):
        if os.getpid() != self.home:
            return
        if self.private:
            # The name may be hidden by our own /tmp; the descriptor is not.
            os.fchdir(self.scratch_fd)
            shutil.rmtree(self.scratch.name, ignore_errors=True)
            os.chdir("/")
        else:
            shutil.rmtree(self.scratch, ignore_errors=True)
