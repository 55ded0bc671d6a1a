"""The allowed outcomes of a fault, decided by rules: readers believe a table of outcomes, right or wrong."""

import dataclasses
import os
import re
import signal

from tracing import inside, read

STATUS = 7  # of the container's command
READY = "ready\n"
KEPT = "/tmp/kept"  # for -keep-upper
DOOR = "/tmp/door"  # a FIFO in the container's files, where the command waits until it has been inspected
INTRODUCTION = """echo pid $$
echo fds /proc/self/fd/*
grep -E 'Cpus_allowed_list|SigBlk|SigIgn' /proc/self/status
cat /proc/self/cgroup
hostname
ls /
"""
SCRIPT = f"{INTRODUCTION}echo ready; read go <{DOOR}; exit {STATUS}"
UNTIL_SIGTERM = f"{INTRODUCTION}trap 'exit {STATUS}' TERM; echo ready; sleep 1000 & wait"
GONE = "it ended while it was looked at"
NAMESPACES = ("uts", "ipc", "pid", "mnt", "net")
# Descriptor 3 is the directory that the shell lists.
OPEN_FILES = "fds /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3"


@dataclasses.dataclass
class Setup:
    """A container to run, and what its command must find."""

    chapter: str
    flags: list
    limits: dict  # controller -> (file of v1, file of v2, value there on v1, value there on v2)
    cpus: str
    hostname: str = ""  # empty: no host name of its own
    own_root: bool = False
    watched: tuple = ()
    # For a chapter's second setup, only calls that the first does not make are made to fail.
    name: str = ""
    processes: tuple = ("run", "init")  # in which calls fail; the first child of run may also be a tool
    is_ended: bool = False  # by SIGTERM to run, not by itself
    always: str = ""  # a fault that is injected in every run
    volume: str = ""  # a volume that exists before and after


def look(setup, host, pid):
    """The errors of the container's process, seen from the host."""
    wrong = []
    for kind in NAMESPACES:
        try:
            if os.readlink(f"/proc/{pid}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}"):
                wrong.append(f"it is in the host's {kind} namespace")
        except FileNotFoundError:
            return [GONE]
    for controller, (v1_file, v2_file, v1, v2) in setup.limits.items():
        kind = host.hierarchies.place[controller][0]
        expected = v1 if kind == "cgroup" else v2
        value = host.hierarchies.limit(pid, controller, v1_file, v2_file)
        if value != expected:
            wrong.append(f"limit of {controller}: \"{value}\", not {expected}")
    return wrong


class Witness:
    """Inspects the container while its command waits at the door, then lets it go on."""

    def __init__(self, setup, host, program):
        self.setup, self.host, self.program = setup, host, program
        self.complaints = None

    def __call__(self, output):
        if self.complaints is None and output.endswith(READY):
            pid = inside(self.program)
            self.complaints = look(self.setup, self.host, pid) + self._read(output) if pid else [GONE]
            if self.setup.is_ended:
                os.kill(self.program.pid, signal.SIGTERM)
            else:
                self._open_door(pid)

    def _read(self, output):
        lines = output.splitlines()
        wrong = []
        for expected in ("pid 1", OPEN_FILES, f"Cpus_allowed_list:\t{self.setup.cpus}", _signals("SigBlk"),
                         _signals("SigIgn")):
            if expected not in lines:
                wrong.append(f"the command does not find \"{expected}\"")
        if self.setup.hostname and self.setup.hostname not in lines:
            wrong.append(f"its host name is not {self.setup.hostname}")
        if self.setup.own_root and "usr" not in lines or self.setup.own_root and "boot" in lines:
            wrong.append("its root is the host's")
        return wrong

    def _open_door(self, pid):
        try:
            door = os.open(f"/proc/{pid}/root{DOOR}", os.O_RDWR | os.O_NONBLOCK)
        except OSError:
            return  # it is gone
        os.write(door, b"go\n")
        self.door = door

    def close(self):
        if hasattr(self, "door"):
            os.close(self.door)


@dataclasses.dataclass
class Outcome:
    word: str        # for the table
    complaints: list
    told: str = ""  # on standard error


def _signals(name):
    """The signals that we block or ignore, as a program inherits them from Python: without its own SIGPIPE and
    SIGXFSZ."""
    mask = int(re.search(rf"^{name}:\s*(\w+)$", read("/proc/self/status"), re.MULTILINE)[1], 16)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        mask &= ~(1 << (number - 1))
    return f"{name}:\t{mask:016x}"


def _is_one_line(text):
    return bool(re.fullmatch(r"mydocker: [^\n]+\n", text))


def judge_errno(errno, call, status, out, err, witness):
    """(a) Everything is as without the fault; or (b) mydocker reports in one line what failed, and with which error.
    If that was after the command's end, its exit status stays."""
    wrong = []
    ran = witness.complaints is not None
    if ran:
        wrong += witness.complaints
    if status == STATUS and not err:
        if not ran:
            wrong.append("the command ended, and was not seen to be ready")
        return Outcome("runs", wrong)
    if ran and witness.complaints == [GONE]:
        wrong = []
    if status not in call.statuses_of_failure(errno) and not (ran and status == STATUS):
        wrong.append(f"exit status {status}")
    if not _is_one_line(err):
        wrong.append(f"on standard error, not one line of mydocker: {err!r}")
    elif not call.is_told_by(errno, err):
        wrong.append(f"the line does not say {errno}: {err.strip()}")
    if not ran and out and not call.after_release:
        wrong.append(f"on standard output: {out!r}")
    return Outcome(f"{status}", wrong)


def init_says_that_run_died(err):
    """A process that waits for run may have time to report this before it dies, too."""
    return _is_one_line(err) and "run has failed or was killed" in err


def judge_kill(who, status, err):
    wrong = []
    expected = {"run": -signal.SIGKILL, "init": 128 + signal.SIGKILL, "tool": 125}[who]
    if status != expected:
        wrong.append(f"exit status {status}, not {expected}")
    if who == "tool" and not _is_one_line(err):
        wrong.append(f"on standard error, not one line of mydocker: {err!r}")
    if err and not (who == "tool" or who == "run" and init_says_that_run_died(err)):
        wrong.append(f"on standard error: {err!r}")
    return Outcome("killed" if who == "run" else str(status), wrong)


def processes_left(changes):
    """What even a killed `run` may not leave: anything except its record, cgroups and layers."""
    return [line for line in changes if not line.startswith(
        ("cgroup ", "file /run/mydocker", "file /var/lib/mydocker", f"file {KEPT}.work-"))]
