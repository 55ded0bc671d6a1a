#!/usr/bin/python3
"""Chapter 7 in Python: correct, or wrong in the one way that FAULT names."""

import os
import pathlib
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time

FAULT = os.environ.get("FAULT", "")
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def fail(status, message):
    sys.stderr.write(f"limit.py: {message}\n")
    sys.exit(status)


def command_line():
    words = sys.argv[1:]
    size = "100m"
    if words[:1] == ["-m"]:
        size, words = words[1], words[2:]
    number = re.fullmatch(r"(\d+)([kmg]?)", size)
    if not number and FAULT == "any-size":
        return 100 << 20, words
    if not number:
        fail(125, f"{size} is no size")
    units = {**UNITS, "m": 1 << 19} if FAULT == "unit" else UNITS
    return int(number[1]) * units[number[2]], words


def memory_hierarchy():
    """The place of the memory controller, and the name of the limit's file."""
    if FAULT == "ordinary-file":
        # The result of a cgroup v1 path on a host without v1.
        return pathlib.Path("cgroup/memory"), "memory.limit_in_bytes"
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = (half.split() for half in line.split(" - "))
        place = pathlib.Path(left[4])
        if right[0] == "cgroup" and "memory" in right[2].split(","):
            return place, "memory.limit_in_bytes"
        if right[0] == "cgroup2" and "memory" in (place / "cgroup.controllers").read_text().split():
            (place / "cgroup.subtree_control").write_text("+memory")
            return place, "memory.max"
    return fail(125, "no memory controller")


def remove(cgroup):
    if FAULT == "ordinary-file":
        shutil.rmtree("cgroup", ignore_errors=True)
        return
    while True:
        try:
            cgroup.rmdir()
            return
        except FileNotFoundError:
            return
        except OSError:
            if FAULT in ("parent", "same-name"):
                return  # It is busy, and will be.
            time.sleep(0.01)


def main():
    limit, command = command_line()
    if os.geteuid() != 0 and FAULT != "ordinary-file":
        fail(125, "this takes root")
    place, file = memory_hierarchy()
    cgroup = place / ("limit.py" if FAULT == "same-name" else f"limit.py-{secrets.token_hex(4)}")
    cgroup.mkdir(parents=True, exist_ok=True)
    process = None

    def set_limit():
        (cgroup / file).write_text(str(limit))

    def end(number, _):
        if process:
            process.kill()
        if FAULT == "no-clean-up":
            os._exit(128 + number)
        sys.exit(128 + number)  # Leaves through the `finally` below.

    def enter():
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if FAULT not in ("late", "parent", "ordinary-file"):
            (cgroup / "cgroup.procs").write_text("0")

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    signal.signal(signal.SIGINT, signal.SIG_DFL if FAULT == "no-sigint" else signal.SIG_IGN)
    try:
        if FAULT != "late":
            set_limit()
        process = subprocess.Popen(command, preexec_fn=enter)
        if FAULT == "late":
            time.sleep(0.3)
            set_limit()
            if process.poll() is None:
                (cgroup / "cgroup.procs").write_text(str(process.pid))
        if FAULT == "parent":
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))
        status = process.wait()
    except OSError as error:
        fail(127 if isinstance(error, FileNotFoundError) else 126, f"{command[0]}: {error.strerror}")
    finally:
        if process:
            process.wait()
        remove(cgroup)
    sys.exit(status if status >= 0 else 128 - status)


main()
