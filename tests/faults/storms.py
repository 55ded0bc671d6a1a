"""Tests of more than a single fault: a thousand signals at random moments, and five hundred containers at once."""

import os
import random
import select
import signal
import subprocess
import time

import judge
from tracing import read

RUNS = {"8": 700, "9": 150, "10": 150, "12": 150}  # runs of each chapter that get a signal
CONTAINERS = 500
SECONDS = 60
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
PASSED_ON = (signal.SIGUSR1, signal.SIGUSR2)
KILLED = 128 + signal.SIGKILL
ENOUGH = 10  # complaints are enough to see what is wrong


def _told(sent):
    """The exit status of a command that handles this signal."""
    return 64 + sent


BRIEF = f"exit {judge.STATUS}"
PATIENT = "; ".join([*(f"trap 'exit {_told(sent)}' {sent.name[3:]}" for sent in ENDING + PASSED_ON),
                     "echo ready", "sleep 1000 & wait"])


def _of_the_shell(sent):
    """sh -c handles SIGINT by itself, from its start to its end."""
    return {128 + sent} if sent == signal.SIGINT else set()


def _interrupted(sent):
    """The exit status and the message if run got the signal before it started the container."""
    return 128 + sent, f"mydocker: interrupted by {sent.name}\n"


def _start(bench, script, **streams):
    return subprocess.Popen([str(bench.program), "run", *bench.setup.flags, "--", "busybox", "sh", "-c", script],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=bench.environment, text=True, **streams)


def _has_said(program, seconds):
    """Returns whether there is something to read within that time: a line, or the end."""
    return bool(select.select([program.stdout], [], [], seconds)[0])


def _signal_brief(program, sent):
    """The allowed outcomes. The command ends by itself: process 1 gets no signal that it does not handle. But run
    may get it before it is ready for it, or after everything is done, and then dies of it like any program."""
    program.send_signal(sent)
    return {-sent, judge.STATUS} | _of_the_shell(sent)


def _signal_patient(program, sent, chance):
    """The allowed outcomes. The command waits for ever, and handles every signal after it has printed "ready"."""
    is_ready = _has_said(program, 0)
    program.send_signal(sent)
    if sent == signal.SIGKILL:
        return {-sent}
    if is_ready:
        return {_told(sent)}
    if not _has_said(program, SECONDS):
        return set()
    if not program.stdout.readline():  # Neither run nor the command got that far.
        return {-sent, _told(sent)} | _of_the_shell(sent)
    # The signal came before the command could handle it, or is being handled. A second ending
    # signal ends the container at once. If run had lost the first, the command would handle the
    # second.
    second = chance.choice([other for other in ENDING if other != sent])
    program.send_signal(second)
    return {_told(sent), -second, KILLED if sent in ENDING else _told(second)}


def signals(bench):
    """Each of many runs gets a signal at some moment of its life. It ends as it should, and leaves nothing; the
    next run removes what a killed one leaves."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    started = time.monotonic()
    for _ in range(5):
        bench.plain_run()
    whole = (time.monotonic() - started) / 5
    wrong = []
    for number in range(RUNS[bench.number]):
        sent = chance.choice((*ENDING, *PASSED_ON, signal.SIGKILL))
        patient = chance.choice((True, False))
        wait = chance.uniform(0, 1.8 if patient else 1.2) * whole
        program = _start(bench, PATIENT if patient else BRIEF, stderr=subprocess.PIPE)
        time.sleep(wait)
        allowed = _signal_patient(program, sent, chance) if patient else _signal_brief(program, sent)
        complaints = []
        try:
            _, err = program.communicate(timeout=SECONDS if allowed else 0)
        except subprocess.TimeoutExpired:
            program.kill()
            program.communicate()
            complaints.append("hung")
        else:
            if sent == signal.SIGKILL and judge.init_says_that_run_died(err):
                err = ""
            if sent in ENDING and (program.returncode, err) == _interrupted(sent):
                allowed, err = {program.returncode}, ""  # The signal came before there was a container.
            if program.returncode not in allowed or err:
                complaints.append(f"{program.returncode}, not {' or '.join(map(str, sorted(allowed)))}; {err!r}")
        left = bench.host.changes()
        if sent == signal.SIGKILL:
            complaints += [f"left {what}" for what in judge.processes_left(left)]
            if left:
                bench.plain_run()
                complaints += [f"the next run left {what}" for what in bench.host.changes()]
        else:
            complaints += [f"left {what}" for what in left]
        if complaints:
            bench.host.tidy()
        moment = f"seed {seed}: run {number}, {'patient' if patient else 'brief'}, {sent.name} after {wait * 1000:.1f} ms"
        wrong += [f"{moment}: {what}" for what in complaints]
        if len(wrong) >= ENOUGH:
            break
    return wrong


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
    # One byte for each container: read takes a byte at a time, and an empty
    # line is enough.
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


def of_chapter(number, is_first):
    """{name: storm}. For code in common/, one chapter is enough."""
    storms = {f"{RUNS[number]} runs, each with a signal at a random moment": signals}
    if is_first:
        storms[f"{CONTAINERS} containers at once"] = many
    return storms
