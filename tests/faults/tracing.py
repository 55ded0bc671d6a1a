"""One process under strace, from a known moment: `run` from its first call on, or the child from its start.

`strace -f` counts the calls of parent and child separately, so "the third
openat fails" would hit both. Here strace is attached to one of the two, while
that one is stopped, so it misses no call, and affects no other process.
"""

import ctypes
import os
import pathlib
import re
import selectors
import signal
import subprocess
import time

# ptrace(2); none of these depends on the machine.
PTRACE_TRACEME, PTRACE_CONT, PTRACE_DETACH, PTRACE_SETOPTIONS, PTRACE_GETEVENTMSG = 0, 7, 17, 0x4200, 0x4201
TRACE_CHILDREN_AND_DIE_WITH_ME = 0x2 | 0x4 | 0x8 | 0x100000
WALL = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class TracingError(Exception):
    pass


def ptrace(request, pid, data=0):
    if libc.ptrace(request, pid, None, data) < 0:
        raise TracingError(f"ptrace({request}, {pid}): {os.strerror(ctypes.get_errno())}")


def read(path):
    try:
        return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def state_of(pid):
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1]


class Program:
    """`command`, stopped before its first instruction. Its output goes through pipes."""

    def __init__(self, command, environment):
        self.popen = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
            preexec_fn=lambda: libc.ptrace(PTRACE_TRACEME, 0, None, None))
        self.pid = self.popen.pid
        os.waitpid(self.pid, 0)
        self.strace = None

    def attach_to_itself(self, trace, injections):
        ptrace(PTRACE_DETACH, self.pid, signal.SIGSTOP)
        os.waitpid(self.pid, os.WUNTRACED)
        self._attach(self.pid, trace, injections)

    def attach_to_its_child(self, trace, injections):
        """Runs the program up to the birth of its first child."""
        ptrace(PTRACE_SETOPTIONS, self.pid, TRACE_CHILDREN_AND_DIE_WITH_ME)
        stop_signal = 0
        while True:
            ptrace(PTRACE_CONT, self.pid, stop_signal)
            _, status = os.waitpid(self.pid, WALL)
            if not os.WIFSTOPPED(status):
                end = os.waitstatus_to_exitcode(status)
                raise TracingError(f"it ended with {end} before it had a child")
            if status >> 16:
                break
            stop_signal = os.WSTOPSIG(status)
        number = ctypes.c_ulong()
        ptrace(PTRACE_GETEVENTMSG, self.pid, ctypes.addressof(number))
        child = number.value
        os.waitpid(child, WALL)
        ptrace(PTRACE_DETACH, child, signal.SIGSTOP)
        while state_of(child) not in (["T"], []):
            os.sched_yield()
        self._attach(child, trace, injections)
        ptrace(PTRACE_DETACH, self.pid)

    def let_go(self):
        ptrace(PTRACE_DETACH, self.pid)

    def _attach(self, pid, trace, injections):
        command = ["strace", "-y", "-o", str(trace), "-s", "128", "-p", str(pid)]
        for injection in injections:
            command += ["--inject", injection]
        self.strace = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        told = self.strace.stderr.readline()
        if b"attached" not in told:
            raise TracingError(f"strace: {told.decode()}")
        os.kill(pid, signal.SIGCONT)

    def finish(self, seconds, on_output):
        """Waits for the end of the program. Calls on_output(whole standard output) when there is more of it.
        Returns its exit status (or -signal), its output, and whether it had to be killed."""
        deadline = time.monotonic() + seconds
        written = {self.popen.stdout: b"", self.popen.stderr: b""}
        ended = os.pidfd_open(self.pid)
        hung = False
        with selectors.DefaultSelector() as selector:
            for stream in (*written, ended):
                selector.register(stream, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select(max(0, deadline - time.monotonic()))}
                if not ready and not hung:
                    hung, deadline = True, time.monotonic() + seconds
                    self.popen.kill()
                    continue
                for stream in ready & written.keys():
                    data = os.read(stream.fileno(), 65536)
                    written[stream] += data
                    if not data:
                        selector.unregister(stream)
                    elif stream is self.popen.stdout:
                        on_output(written[stream].decode(errors="replace"))
                # Its output from before its end is read before the end is
                # noticed.
                if (ready and ready <= {ended}) or not ready:
                    break
        os.close(ended)
        status = self.popen.wait()
        self.popen.stdout.close()
        self.popen.stderr.close()
        if self.strace:
            try:
                self.strace.wait(seconds)
            except subprocess.TimeoutExpired:
                hung = True
                self.strace.kill()
                self.strace.wait()
            self.strace.stderr.close()
        return status, written[self.popen.stdout].decode(errors="replace"), \
            written[self.popen.stderr].decode(errors="replace"), hung


def inside(program):
    """The container's process 1, seen from here: if it exists, the program's only child."""
    children = read(f"/proc/{program.pid}/task/{program.pid}/children").split()
    return int(children[0]) if children else None


CALL = re.compile(r"(?P<name>[a-z]\w*)\((?P<arguments>.*)")


def calls_of(trace):
    """[(name, the rest of the line)] of strace's output."""
    matches = (CALL.match(line) for line in read(trace).splitlines())
    return [(match["name"], match["arguments"]) for match in matches if match and match["name"] != "restart_syscall"]
