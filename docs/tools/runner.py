"""Runs the sessions of a page and reports each one's result."""

import copy
import dataclasses
import os
import pathlib
import pickle
import signal
import sys
import time
import traceback

import leftovers
import needs
import sessions
from compare import Comparison
from masks import Values
from pages import BookError, Page
from sandbox import Sandbox
from terminal import Stuck, Terminal


@dataclasses.dataclass
class Outcome:
    """The outcome of one session: "passed", "failed" or "skipped"."""

    kind: str
    where: str
    messages: list


@dataclasses.dataclass
class PageResult:
    name: str
    code_blocks: int = 0
    commands: int = 0  # number of typed commands
    outcomes: list = dataclasses.field(default_factory=list)
    text: str | None = None  # the page with this run's outputs

    def count(self, kind):
        return sum(outcome.kind == kind for outcome in self.outcomes)


class Attempt:
    """Compares an output with the page's; the values that it learns count only if the attempt does."""

    def __init__(self, values, session, step, got, captures):
        self.values = copy.deepcopy(values)
        self.captured, self.wrong = [], []
        for capture in captures:
            problem = self.values.capture(capture.name, capture.pattern, step.output, got)
            if problem is not None:
                self.captured.append(capture)
                self.wrong += [problem] if problem else []
        self.comparison = Comparison(step.output, got, session.masks, self.values)
        self.same = self.comparison.matches()
        self.good = self.same and not self.wrong


class PageRun:
    """One page in its sandbox. With `update`, different outputs are not failures: they are written."""

    def __init__(self, page, sandbox, update):
        self.page, self.sandbox, self.update = page, sandbox, update
        self.values = Values()
        self.result = PageResult(page.name, len(page.of_kind("code")))
        self.bodies = {}
        self.terminals = {}

    def run(self):
        for chain in sessions.chains(self.page):
            self.run_chain(chain)
        self.result.text = self.page.with_bodies(self.bodies)
        return self.result

    def run_chain(self, chain):
        """A session and those that continue it, in the same terminals."""
        # The machine's own mounts matter only to sessions that see them.
        outside = [os.getppid()] if self.sandbox.private and any(session.host for session in chain) else []
        before = leftovers.Inventory(outside)
        self.values.forget_pairs()
        last, stuck = None, None
        for session in chain:
            lacking = [reason for reason in map(needs.missing, session.needs) if reason]
            if stuck:
                self.add("failed", session, [f"it continues the session of line {stuck.line}, which broke off"])
            elif lacking:
                self.add("skipped", session, lacking)
            elif last is None and session is not chain[0]:
                self.add("skipped", session, ["it continues a session that is skipped"])
            else:
                last = self.add("passed", session, [])
                try:
                    last.messages += self.run_session(session)
                except Stuck as error:
                    last.messages.append(str(error))
                    stuck = session
        if last and not stuck and any(terminal.where == "inside" for terminal in self.terminals.values()):
            last.messages.append(f"{last.where}: the session ends inside of what it started: end it with `exit`")
            stuck = chain[-1]
        for terminal in self.terminals.values():
            terminal.close()
        self.terminals = {}
        left = leftovers.find_and_remove(before)
        if last and not stuck:
            last.messages += [f"{last.where}: left behind (and removed now): {what}" for what in left]
        for outcome in self.result.outcomes:
            if outcome.kind == "passed" and outcome.messages:
                outcome.kind = "failed"

    def add(self, kind, session, messages):
        self.result.outcomes.append(Outcome(kind, session.where, messages))
        return self.result.outcomes[-1]

    def run_session(self, session):
        """Types the whole session; returns the error."""
        problems, body, captures = [], [], list(session.captures)
        for step in session.steps:
            if step.is_comment:
                body += step.lines()
                continue
            where, what = f"{session.page}:{step.line}", f"`{step.text or step.prompt}`"
            try:
                got, attempt = self.run_step(session, step, captures)
            except Stuck as error:
                raise Stuck("\n  FAIL ".join([*problems, f"{where}: {error}"])) from None
            problems += [f"{where}: {message}" for message in attempt.wrong]
            if not attempt.same and not self.update:
                problems.append(f"{where}: {what} did not print what the page shows\n"
                                + attempt.comparison.difference())
            status = 0 if step.stays else self.terminals[step.terminal].status
            if status != step.status and not self.update:
                printed = "; it printed:\n    " + "\n    ".join(got) if got and attempt.same else ""
                problems.append(f"{where}: {what} ended with exit status {status},"
                                f" the page says {step.status}{printed}")
            body += step.lines(None if attempt.same else attempt.comparison.merged(), status)
        problems += [f"{session.where}: capture={capture.name}: no output on the page matches {capture.pattern.pattern}"
                     for capture in captures]
        for names, same in ((session.same, True), (session.differ, False)):
            wrong = names and self.values.relation(names, same)
            if wrong:
                problems.append(f"{session.where}: {wrong}")
        self.bodies[session.start] = body
        return problems

    def run_step(self, session, step, captures):
        """Types one command; returns (its output, the Attempt to compare it)."""
        terminal = self.terminal(session, step)
        text = self.values.to_type(step.text)
        self.result.commands += step.prompt != "^C"
        deadline = time.monotonic() + terminal.timeout
        while True:
            if step.prompt == "^C":
                got = terminal.interrupt()
            elif step.stays:
                got = terminal.start(text, lambda lines: Attempt(self.values, session, step, lines, captures).good)
            else:
                got = terminal.run(text)
            attempt = Attempt(self.values, session, step, got, captures)
            good = attempt.good and (step.stays or terminal.status == step.status)
            if good or not (session.retry and step.terminal == 2) or time.monotonic() > deadline:
                break
            time.sleep(0.1)  # a reader also takes a moment before trying again
        self.values = attempt.values
        captures[:] = [capture for capture in captures if capture not in attempt.captured]
        return got, attempt

    def terminal(self, session, step):
        """The step's terminal, at the prompt where the step is typed."""
        if step.terminal not in self.terminals:
            if "user" in session.needs and self.sandbox.private:
                self.sandbox.give_to_user()
            self.terminals[step.terminal] = Terminal(
                self.sandbox.project, session.timeout * needs.PATIENCE,
                self.sandbox.leave_mounts if session.host and self.sandbox.private else None, "user" in session.needs)
        terminal = self.terminals[step.terminal]
        terminal.timeout = session.timeout * needs.PATIENCE
        if step.prompt == "#" and terminal.where != "inside":
            raise Stuck(f"`{step.text}` is for the shell inside, but here is the host's prompt: what was"
                        " started has ended, or never asked for input")
        if step.prompt in ("$", "host$") and terminal.where != "host" and session.inside != "$":
            raise Stuck(f"`{step.text}` is for the host's shell, but the one inside has not ended: `# exit`"
                        " ends it")
        return terminal


def run_page(path, root, update=False):
    """Runs a page in its own process, with which its mounts and orphans end."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            result = _in_child(path, root, update)
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(result, pipe)
            status = 0
        except (KeyboardInterrupt, SystemExit):
            pass
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        sent = pipe.read()
    os.waitpid(child, 0)
    name = str(pathlib.Path(path).relative_to(root))
    return pickle.loads(sent) if sent else PageResult(name, outcomes=[
        Outcome("failed", name, [f"{name}: its sessions could not be run; what happened stands above"])])


def _in_child(path, root, update):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    page = Page(path, root)
    if not sessions.chains(page):
        return PageResult(page.name, len(page.of_kind("code")))
    sandbox = Sandbox(root)
    run = PageRun(page, sandbox, update)
    before = leftovers.Inventory()
    try:
        return run.run()
    except BookError as error:
        return PageResult(page.name, outcomes=[Outcome("failed", page.name, [str(error)])])
    finally:
        for terminal in run.terminals.values():
            terminal.close()
        if run.terminals:
            leftovers.find_and_remove(before)
        sandbox.remove()
