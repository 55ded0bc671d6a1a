"""What is no single fault: a thousand signals at random moments, and five hundred containers at once."""

import os
import random
import signal
import subprocess
import time

import judge
from tracing import read

RUNS = 1000
CONTAINERS = 500
SECONDS = 120
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGKILL)


def _start(bench, script, **streams):
    return subprocess.Popen([str(bench.program), "run", *bench.setup.flags, "--", "busybox", "sh", "-c", script],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=bench.environment, text=True, **streams)


def signals(bench):
    """Each of 1,000 runs gets a signal at some moment of its life. It ends as the signal says, or as ever; and what a
    killed one leaves is gone after the next that could finish."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    started = time.monotonic()
    for _ in range(5):
        bench.plain_run()
    whole = (time.monotonic() - started) / 5
    wrong = []
    for number in range(RUNS):
        sent = chance.choice(SIGNALS)
        wait = chance.uniform(0, 1.2) * whole
        program = _start(bench, "exit 7", stderr=subprocess.PIPE)
        time.sleep(wait)
        program.send_signal(sent)
        try:
            _, err = program.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            program.communicate()
            wrong.append(f"run {number}: hung after {sent.name}")
            continue
        # Before run was ready for it; passed on to the command or its init; after all was done.
        allowed = {-sent, judge.STATUS, 128 + signal.SIGKILL, 128 + sent}
        if sent == signal.SIGKILL and judge.init_says_that_run_died(err):
            err = ""
        if program.returncode not in allowed or err:
            wrong.append(f"run {number}, {sent.name} after {wait * 1000:.1f} ms: {program.returncode}, {err!r}")
        left = bench.host.changes()
        if sent == signal.SIGKILL:
            left = judge.processes_left(left)
        elif left:
            bench.plain_run()  # One that died of a signal before it was ready had the cgroups of the killed to remove.
            left = bench.host.changes()
        wrong += [f"run {number}, {sent.name} after {wait * 1000:.1f} ms: left {what}" for what in left]
    bench.plain_run()
    wrong += [f"left {what}" for what in bench.host.changes()]
    return [f"seed {seed}: {what}" for what in wrong]


def many(bench):
    """500 containers run at the same time, each with its own limits, and end."""
    wrong = []
    door = os.open(judge.DOOR, os.O_RDWR)
    runs = [_start(bench, f"echo ready; read go <{judge.DOOR}; exit {judge.STATUS}", stderr=subprocess.STDOUT)
            for _ in range(CONTAINERS)]
    groups = set()
    for program in runs:
        line = program.stdout.readline()
        if line != judge.READY:
            wrong.append(f"a container says {line!r}")
            continue
        pid = int(read(f"/proc/{program.pid}/task/{program.pid}/children").split()[0])
        groups.add(read(f"/proc/{pid}/cgroup"))
        wrong += judge.look(bench.setup, bench.host, pid)
    if len(groups) != CONTAINERS:
        wrong.append(f"they have {len(groups)} different cgroups")
    # One byte for each: read takes a byte at a time, and an empty line does.
    os.write(door, b"\n" * CONTAINERS)
    for program in runs:
        try:
            out, _ = program.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            program.kill()
            out, _ = program.communicate()
            out += "\n(it hung)"
        if program.returncode != judge.STATUS or out:
            wrong.append(f"a container ends with {program.returncode}, {out!r}")
    os.close(door)
    return wrong + [f"left {what}" for what in bench.host.changes()]


ALL = {f"{RUNS} runs, each with a signal at a random moment": signals, f"{CONTAINERS} containers at once": many}
