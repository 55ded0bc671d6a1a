"""The measurements. Each returns plain numbers; page.py puts them into words."""

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
    """Returns why this program cannot do the work here, or nothing."""
    try:
        done = quiet(runtime.command("true"))
    except FileNotFoundError:
        return "not installed"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]


def start_up(runtimes, rounds):
    """Milliseconds of each program's whole life, {name: [time of each round, ...]}. They take turns, one run each,
    so that the machine's other work affects them all, and so that each finds the kernel as a lone container would:
    of several in a row, only the first waits for an RCU grace period."""
    times = {runtime.name: [] for runtime in runtimes}
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder, "times.json")
        for number in range(rounds):
            first = number % len(runtimes)
            order = runtimes[first:] + runtimes[:first]
            commands = [" ".join(runtime.command("true")) for runtime in order]
            done = quiet(["hyperfine", "--shell=none", "--runs=1", f"--export-json={result}", *commands])
            if done.returncode != 0:
                sys.exit(f"bench: hyperfine: {done.stderr.strip()}")
            for runtime, entry in zip(order, json.loads(result.read_text())["results"]):
                times[runtime.name] += [1000 * seconds for seconds in entry["times"]]
    return times


def part_of(one, other):
    """The times `one` as a fraction of `other`, both from start_up: the median of the rounds' fractions. Other work on
    the machine slows down both."""
    return statistics.median(mine / theirs for mine, theirs in zip(one, other, strict=True))


def descendants(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


def name_of(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def is_sleeping(pid):
    """Returns whether this process has become the container's command."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return b"sleep\0" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() and name_of(pid) == "sleep"
    return False


def wait_until(condition, what):
    """The limit is for programs that hang, not for slow ones."""
    end = time.monotonic() + 120
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench: waited two minutes for {what}")
        time.sleep(0.005)


@contextlib.contextmanager
def running(runtime, number=0):
    """A running container of this program; yields the program's process. The container ends afterwards."""
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
        # Kills the command, not the program, which can then still clean up.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for pid in descendants(process.pid):
                if is_sleeping(pid):
                    os.kill(pid, signal.SIGKILL)
        process.wait()


def private_memory(runtime):
    """KiB of private memory that the program uses while its container runs, over all its processes outside."""
    with running(runtime) as process:
        total = 0
        for pid in [process.pid, *descendants(process.pid)]:
            if is_sleeping(pid):
                continue
            rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += sum(int(kib) for kib in re.findall(r"^Private_\w+: +(\d+) kB", rollup, re.M))
        return total


def peak_memory(runtime):
    """Peak KiB in memory of the program's first process (VmHWM), libraries included."""
    with running(runtime) as process:
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s+(\d+) kB", status, re.M).group(1))


def system_calls(runtime):
    """The number of system calls of all processes, `true` included."""
    with tempfile.NamedTemporaryFile("r") as summary:
        quiet(["strace", "-f", "-c", "-o", summary.name, *runtime.command("true")])
        total = next(line for line in summary if line.rstrip().endswith("total"))
        return int(total.split()[3 if len(total.split()) > 4 else 2])


def throughput(runtime, containers, at_a_time):
    """Containers per second."""
    def one(number):
        done = quiet(runtime.command("true", number=number))
        if done.returncode != 0:
            raise RuntimeError(f"{runtime.name}: status {done.returncode}: {done.stderr.strip()}")
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
        list(pool.map(one, range(containers)))
    return containers / (time.monotonic() - start)


def beside_others(runtimes, counts):
    """Times with so many containers already running, {count: {name: [milliseconds, ...]}}."""
    results = {}
    with contextlib.ExitStack() as others:
        up = 0
        for count in counts:
            while up < count:
                others.enter_context(running(runtimes[0], up))
                up += 1
            results[count] = start_up(runtimes, rounds=31)
    return results


def among_mounts(runtimes, counts):
    """Times with so many more mounts on the host than now, {count: {name: [milliseconds, ...]}}.
    We are in a mount namespace of our own: see bench.py."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        made = 0
        # All below one mount: unmounting that one removes them all.
        mount(folder, folder)
        try:
            for count in counts:
                for number in range(made, count):
                    target = f"{folder}/{number}"
                    os.mkdir(target)
                    mount("/usr", target)
                made = count
                results[count] = start_up(runtimes, rounds=31)
        finally:
            LIBC.umount2(folder.encode(), MNT_DETACH)
    return results


def mount(source, target):
    if LIBC.mount(source.encode(), target.encode(), None, MS_BIND, None) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), target)


def times_from(program, rounds):
    """The output of one of our own programs, {name: [number, ...]}: see attach.cc and parts.cc."""
    done = quiet([program, str(rounds)])
    if done.returncode != 0:
        sys.exit(f"bench: {done.stderr.strip()}")
    lines = [line.split() for line in done.stdout.splitlines()]
    return {words[0]: [float(word) for word in words[1:]] for words in lines}


# The steps that `run -verbose` logs, by the first words of the line; all but "inside" follow one
# another.
STEPS = {
    "cgroups": r"made cgroup",
    "limits": r"wrote",
    "start": r"started init|process \d+ is in",
    "inside": r"left the caller|set the host name|made the mounts|made .* the root|mounted|execute",
    "life": r"process \d+ ended",
    "removal": r"removed",
}


def told_run(runtime):
    """One run that logs its steps: {step: milliseconds}, with the rest of its lifetime as "rest"."""
    words = runtime.command("true")
    words.insert(words.index("run") + 1, "-verbose")
    reading, writing = os.pipe()
    null = os.open("/dev/null", os.O_RDWR)
    start = time.perf_counter()
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=[
        (os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, writing, 2)])
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    took = 1000 * (time.perf_counter() - start)
    os.close(writing)
    os.close(null)
    with open(reading, encoding="utf-8") as told:
        text = told.read()
    if status != 0:
        sys.exit(f"bench: {runtime.name} -v: status {status}: {text}")
    steps = dict.fromkeys(STEPS, 0.0)
    for line in text.splitlines():
        step, milliseconds = re.fullmatch(r"mydocker: (.*) \((\d+\.\d+) ms\)", line).groups()
        steps[next(name for name, words in STEPS.items() if re.match(words, step))] += float(milliseconds)
    steps["rest"] = took - sum(steps.values()) + steps["inside"]
    return {"all": took, **steps}


def steps_of(runtime, runs=200):
    """The steps of an undisturbed run: the mean of the fastest tenth of the runs. So they add up."""
    told = sorted((told_run(runtime) for _ in range(runs)), key=lambda steps: steps["all"])
    return {step: statistics.mean(run[step] for run in told[:runs // 10]) for step in told[0]}
