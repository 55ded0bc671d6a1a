"""The measurements. Each returns plain numbers; page.py says them in words."""

import concurrent.futures
import contextlib
import ctypes
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND = 4096
MNT_DETACH = 2


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def quiet(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **options)


def works(runtime):
    """Why this program cannot do the work here, or nothing."""
    try:
        done = quiet(runtime.command("true"))
    except FileNotFoundError:
        return "not installed"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]


def start_up(runtimes, rounds, runs=5):
    """Milliseconds of each program's whole life, {name: [time, ...]}. They take turns, so that what else the machine
    does hits them all: hyperfine times `runs` of each, `rounds` times over."""
    times = {runtime.name: [] for runtime in runtimes}
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder, "times.json")
        for number in range(rounds):
            order = runtimes[number % len(runtimes):] + runtimes[:number % len(runtimes)]
            commands = [" ".join(runtime.command("true")) for runtime in order]
            done = quiet(["hyperfine", "--shell=none", "--warmup=1", f"--runs={runs}", f"--export-json={result}",
                          *commands])
            if done.returncode != 0:
                sys.exit(f"bench: hyperfine: {done.stderr.strip()}")
            for runtime, entry in zip(order, json.loads(result.read_text())["results"]):
                times[runtime.name] += [1000 * seconds for seconds in entry["times"]]
    return times


def descendants(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def is_sleeping(pid):
    """Whether this has become the container's command."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return b"sleep\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() and name_of(pid) == "sleep"
    return False


def wait_until(condition, what):
    """For what hangs, not for what is slow."""
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench: waited two minutes for {what}")
        time.sleep(0.005)


@contextlib.contextmanager
def running(runtime, number=0):
    """A container that is up, of this program; the program's process. Gone after."""
    process = subprocess.Popen(runtime.command("sleep", "1000", number=number), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def up():
            if process.poll() is not None:
                sys.exit(f"bench: {runtime.name} ended with {process.returncode} instead of running sleep")
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                return any(is_sleeping(pid) for pid in descendants(process.pid))
            return False
        wait_until(up, runtime.name)
        yield process
    finally:
        # The command, not the program: so that this can still clean up.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for pid in descendants(process.pid):
                if is_sleeping(pid):
                    os.kill(pid, signal.SIGKILL)
        process.wait()


def private_memory(runtime):
    """KiB that the program keeps for itself alone while its container runs, over all its processes outside."""
    with running(runtime) as process:
        total = 0
        for pid in [process.pid, *descendants(process.pid)]:
            if is_sleeping(pid):
                continue
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(int(kib) for kib in re.findall(r"^Private_\w+: +(\d+) kB", rollup, re.M))
        return total


def peak_memory(runtime):
    """KiB that the program's first process had in memory at most (VmHWM), libraries included."""
    with running(runtime) as process:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M).group(1))


def system_calls(runtime):
    """How many system calls it takes, `true` and all processes included."""
    with tempfile.NamedTemporaryFile("r") as summary:
        quiet(["strace", "-f", "-c", "-o", summary.name, *runtime.command("true")])
        total = next(line for line in summary if line.rstrip().endswith("total"))
        return int(total.split()[3 if len(total.split()) > 4 else 2])


def throughput(runtime, containers, at_a_time):
    """Containers a second."""
    def one(number):
        done = quiet(runtime.command("true", number=number))
        if done.returncode != 0:
            raise RuntimeError(f"{runtime.name}: status {done.returncode}: {done.stderr.strip()}")
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(one, range(containers)))
    return containers / (time.monotonic() - start)


def median_start(runtime, runs=30):
    return statistics.median(start_up([runtime], 1, runs)[runtime.name])


def beside_others(runtimes, counts):
    """Median start-up with so many containers already running, {name: {count: milliseconds}}."""
    results = {runtime.name: {} for runtime in runtimes}
    with contextlib.ExitStack() as others:
        up = 0
        for count in counts:
            while up < count:
                others.enter_context(running(runtimes[0], up))
                up += 1
            for runtime in runtimes:
                results[runtime.name][count] = median_start(runtime)
    return results


def mount_count():
    return sum(1 for _ in open("/proc/self/mountinfo", encoding="utf-8"))


def among_mounts(runtimes, counts):
    """Median start-up where the host has so many mounts more than now, {name: {count: milliseconds}}.
    We are in a mount namespace of our own: see bench.py."""
    results = {runtime.name: {} for runtime in runtimes}
    with tempfile.TemporaryDirectory() as folder:
        made = 0
        # All below one mount, which is enough to take them away again.
        mount(folder, folder)
        try:
            for count in counts:
                for made in range(made, count):
                    target = f"{folder}/{made}"
                    os.mkdir(target)
                    mount("/usr", target)
                made = count
                for runtime in runtimes:
                    results[runtime.name][count] = median_start(runtime)
        finally:
            LIBC.umount2(folder.encode(), MNT_DETACH)
    return results


def mount(source, target):
    if LIBC.mount(source.encode(), target.encode(), None, MS_BIND, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), target)


def attaching(program, rounds):
    """{way: [microseconds, ...]}, and the number of hierarchies: see attach.cc."""
    done = quiet([program, str(rounds)])
    if done.returncode != 0:
        sys.exit(f"bench: {done.stderr.strip()}")
    lines = [line.split() for line in done.stdout.splitlines()]
    hierarchies = int(next(words[1] for words in lines if words[0] == "hierarchies"))
    return hierarchies, {words[0]: [float(word) for word in words[1:]] for words in lines if words[0] != "hierarchies"}
