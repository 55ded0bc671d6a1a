"""Runs checks, each in a process of its own, against one program."""

import ctypes
import dataclasses
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

from lessons import CLEANS_UP, ROOT, LessonError

# After this many checks in which the program had to be killed, it is pointless
# to continue.
MOST_HANGS = 3
PR_SET_CHILD_SUBREAPER = 36


@dataclasses.dataclass
class Outcome:
    check: object
    result: str  # ok, fail or skip
    seconds: float = 0.0
    ran: str = ""
    expected: str = ""
    came: str = ""
    why: str = ""  # of a skip
    left: str = ""  # what the program has left behind
    killed: bool = False  # it took too long
    tried: bool = True


class Interrupted(Exception):
    """Raised on Ctrl-C, after the running check has cleaned up."""


class CtrlC:
    """The first one is only recorded; the next one ends everything at once."""

    pressed = False

    @classmethod
    def wait_for_check(cls):
        signal.signal(signal.SIGINT, cls._note)

    @classmethod
    def _note(cls, *_):
        cls.pressed = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def adopt_orphans():
    """Processes that a broken check leaves behind become our children, not init's."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _children():
    text = pathlib.Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return [int(pid) for pid in text.split()]


def end_orphans():
    """Kills the processes that a broken check has left; other checks leave none."""
    while children := _children():
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


def settings_of(lesson):
    """What the checks need to know about the chapter."""
    return {
        "GRADE_CHAPTER": lesson.folder,
        "GRADE_NAMESPACES": " ".join(lesson.namespaces),
        "GRADE_CALLER": lesson.caller,
        "GRADE_BEFORE_COMMAND": " ".join(lesson.before_command),
        "GRADE_INTERACTIVE": " ".join(lesson.interactive),
    }


def environment_for(lesson, program, shown, time_limit):
    return {
        **os.environ,
        **settings_of(lesson),
        "RUN": str(program),
        "GRADE_SHOWN": shown,
        "GRADE_TIME_LIMIT": str(time_limit),
        # The checks compare English texts.
        "LC_ALL": "C.UTF-8",
    }


def _run_check(grader, check, environment, time_limit):
    """Runs one check. Returns GoogleTest's result, or None and the output."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [grader, f"--gtest_filter=Grade.{check.test}", f"--gtest_output=json:{report.name}"]
        # No check runs the program more than a few times, and it ends each wait
        # itself.
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              # Ctrl-C must reach only this process: the check has
                              # to clean up.
                              start_new_session=True) as process:
            try:
                printed = process.communicate(timeout=20 * time_limit)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                printed = process.communicate()[0]
        text = pathlib.Path(report.name).read_text(encoding="utf-8", errors="replace")
    printed = printed.decode(errors="replace")
    try:
        [suite] = json.loads(text, strict=False)["testsuites"]
        [account] = suite["testsuite"]
    except (ValueError, KeyError):
        return None, printed
    return account, printed


def _failure(message):
    """The parts of Complain's message (grade.cc): ran, expected, came."""
    parts = message.split("\x1f")
    if len(parts) == 4:
        return parts[1:]
    return ["", "", re.sub(r"^\S+\.(cc|h):\d+\n", "", message)]


def run_check(grader, check, environment, time_limit):
    started = time.monotonic()
    account, printed = _run_check(grader, check, environment, time_limit)
    end_orphans()
    outcome = Outcome(check, "ok", time.monotonic() - started)
    if account is None:
        outcome.result = "fail"
        outcome.came = "the check itself broke down:\n" + printed.strip()[-600:]
        return outcome
    outcome.left = account.get("left", "")
    outcome.killed = "killed" in account
    if failures := account.get("failures"):
        outcome.result = "fail"
        outcome.ran, outcome.expected, outcome.came = _failure(failures[0]["failure"])
    elif account["result"] == "SKIPPED":
        outcome.result = "skip"
        found = re.search(r": Skipped\n(.*)", printed)
        outcome.why = found.group(1) if found else "this machine lacks something"
    return outcome


def _cleans_up(check, outcomes):
    left = [outcome for outcome in outcomes if outcome.left]
    outcome = Outcome(check, "fail" if left else "ok")
    if left:
        outcome.ran = f"the check \"{left[0].check.what}\""
        outcome.expected = "no process, mount, cgroup or file that was not there before"
        outcome.came = left[0].left
    return outcome


def run_checks(grader, checks, environment, time_limit, tell):
    """Runs them in order. Each outcome is passed to `tell` as soon as it is known."""
    if not os.path.exists(grader):
        raise LessonError(f"{grader} is not built: make grade... builds it")
    outcomes = []
    for check in checks:
        hangs = sum(outcome.killed for outcome in outcomes)
        if check.test == CLEANS_UP:
            outcome = _cleans_up(check, outcomes)
        elif hangs >= MOST_HANGS:
            outcome = Outcome(check, "fail", came=f"not tried: the program was too slow {hangs} times", tried=False)
        else:
            outcome = run_check(grader, check, environment, time_limit)
        outcomes.append(outcome)
        tell(outcome)
        if CtrlC.pressed:
            raise Interrupted
    return outcomes
