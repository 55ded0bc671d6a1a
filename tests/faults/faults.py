#!/usr/bin/python3
"""For every system call of `run` and `init`: it fails, or the program dies before it. `make test-faults` calls this.

Records the calls of a container with strace, then runs that container again for
each call and each error that the call can give there (errnos.py), and twice
more with SIGKILL in its place. judge.py decides which outcomes are allowed.
Writes build/faults/table.txt, one line per fault, and table.md, one line per
call.
"""

import argparse
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time

import errnos
import judge
import storms
import tracing
from host import Host, become_a_host

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 20  # the watchdog: a container takes a hundredth of that
TRIES = 5  # to hit a call whose number of calls varies, as in a loop that waits
COMMAND = "busybox"
ENVIRONMENT = {"PATH": "/nowhere:/usr/bin", "LC_ALL": "C"}
ROOTFS = "/tmp/rootfs"
SOURCE = "/tmp/source"  # of volumes
ARCHIVE = "/tmp/layer.tar.gz"  # so that a tool is needed
MEGABYTE = 1 << 20
LIMITS = {
    "memory": ("memory.limit_in_bytes", "memory.max", str(64 * MEGABYTE), str(64 * MEGABYTE)),
    "cpu": ("cpu.shares", "cpu.weight", "512", "59"),
    "cpuset": ("cpuset.cpus", "cpuset.cpus", "0", "0"),
}
PIDS = {"pids": ("pids.max", "pids.max", "50", "50")}
LIMIT_FLAGS = ["-m", "64m", "-cpushare", "512", "-cpuset", "0"]
MORE_FLAGS = [*LIMIT_FLAGS, "-pids-limit", "50", "-hostname", "box"]
# arm64 has no rmdir(2).
REMOVE_DIRECTORY = "unlinkat" if os.uname().machine == "aarch64" else "rmdir"
PLAIN = judge.Setup("08-run-init", LIMIT_FLAGS, LIMITS, cpus="0")
ROOT_OF_ITS_OWN = judge.Setup(
    "09-rootfs", [*MORE_FLAGS, "-rootfs", ROOTFS], LIMITS | PIDS, cpus="0", hostname="box", own_root=True,
    watched=(ROOTFS, f"{ROOTFS}/tmp", f"{ROOTFS}/dev"))
LAYERED = dataclasses.replace(ROOT_OF_ITS_OWN, chapter="10-union-fs", flags=[*MORE_FLAGS, "-layer", ROOTFS])
VOLUMES = dataclasses.replace(
    LAYERED, chapter="12-volumes",
    flags=[*LAYERED.flags, "-v", f"{SOURCE}:/in/side:ro", "-v", f"{SOURCE}/file:/etc/file", "-tmpfs", "/memory:size=1m",
           "-shm-size", "1m", "-read-only", "-u", "user", "-w", "/work", "-ulimit", "nofile=100", "-e", "A=1",
           "-env-file", f"{SOURCE}/env", "-domainname", "domain"])
SETUPS = {
    "8": (PLAIN,
          # rmdir fails with EBUSY while a process has not left the cgroup yet, which is a matter of
          # chance.
          dataclasses.replace(PLAIN, name="ended", processes=("run",), is_ended=True,
                              always=f"{REMOVE_DIRECTORY}:error=EBUSY:when=1")),
    "9": (ROOT_OF_ITS_OWN,),
    "10": (LAYERED,
           dataclasses.replace(LAYERED, name="kept", processes=("run", "tool"),
                               flags=[*LAYERED.flags, "-layer", ARCHIVE, "-keep-upper", judge.KEPT])),
    "12": (VOLUMES,
           # The image's /home is empty, so the volume is filled each time.
           dataclasses.replace(VOLUMES, name="named", volume="data", flags=[*LAYERED.flags, "-v", "data:/home"])),
}


FIRST = "8"  # the chapter for faults that need not be tried in each


def masked(arguments):
    """The arguments without parts that differ from run to run, and without the result."""
    arguments = re.sub(r"AT_FDCWD<[^>]*>", "AT_FDCWD", arguments)
    arguments = re.sub(r"\b[0-9a-f]{12}\b", "ID", arguments)
    arguments = re.sub(r"0x[0-9a-f]{6,}|(\\x[0-9a-f]{2})+", "0x…", arguments)
    arguments = re.sub(r"/proc/\d+/", "/proc/PID/", arguments)
    arguments = re.sub(r'"\d+ \d+ pid:[^"]*"', "PROCESS", arguments)
    arguments = re.sub(r":\[\d+\]|<unfinished \.\.\.>", "", arguments)
    return re.sub(r"\)\s+= .*", "", arguments)


def thing_of(arguments):
    """The call's subject: its descriptor's file, or the first name or text."""
    match = re.search(r'^\d+<[^>]*>|"(?!0x)[^"]*"', masked(arguments))
    return match[0] if match else ""


def place_of(call):
    """The form of a call that two setups of a chapter share: without the numbers of descriptors and processes."""
    what = thing_of(call.arguments) or re.sub(r"\b(fd|si_pid)=\d+", "", masked(call.arguments))
    return call.who, call.name, re.sub(r"\d+<", "<", what)


@dataclasses.dataclass(frozen=True)
class Call:
    who: str  # run, init, or a tool of run's
    name: str
    number: int  # 1 for the first call of this name in this process, and so on
    arguments: str
    before_main: bool
    after_release: bool = False  # run has told init what to execute: the command may be running

    @property
    def is_about_the_command(self):
        return self.who == "init" and f"/{COMMAND}\"" in self.arguments

    @property
    def tells_init(self):
        return self.name == "write" and "<pipe:" in self.arguments.partition(",")[0]

    def statuses_of_failure(self, errno):
        """Docker's statuses: 127, the command does not exist; 126, it cannot be executed; 125, mydocker failed."""
        if not self.is_about_the_command:
            return {125}
        return {127} if self.name != "execve" and errno in ("ENOENT", "ENOTDIR") else {126}

    def is_told_by(self, errno, line):
        is_looked_up = self.is_about_the_command or self.who == "tool"
        if is_looked_up and errno in ("ENOENT", "ENOTDIR") and "command not found" in line:
            return True
        # A layer that is not a directory is read as an archive.
        is_layer = self.name == "openat" and errno == "ENOTDIR" and "it is no ordinary file" in line
        return is_layer or f"({errno})" in line

    def __str__(self):
        return f"{self.who:<4} {self.name}#{self.number} {masked(self.arguments)[:110]}"


class Bench:
    """Runs one container again and again."""

    def __init__(self, number, setup, program, host, scratch):
        self.number, self.setup, self.program, self.host = number, setup, program, host
        self.environment = ENVIRONMENT
        self.trace = scratch / "trace"
        self.always = [setup.always] if setup.always else []
        script = judge.UNTIL_SIGTERM if setup.is_ended else judge.SCRIPT
        self.command = [str(program), "run", *setup.flags, "--", COMMAND, "sh", "-c", script]

    def run(self, who, *injections):
        injections = [*self.always, *injections]
        program = tracing.Program(self.command, ENVIRONMENT)
        witness = judge.Witness(self.setup, self.host, program)
        self.trace.unlink(missing_ok=True)
        if self.setup.volume:  # What the last fault has left of its filling would be other calls.
            pathlib.Path("/var/lib/mydocker/volumes", self.setup.volume, "filling").unlink(missing_ok=True)
        try:
            if who == "run":
                program.attach_to_itself(self.trace, injections)
            else:
                program.attach_to_its_child(self.trace, injections)
            return *program.finish(SECONDS, witness), witness
        except tracing.TracingError as error:
            program.popen.kill()
            _, said = program.popen.communicate()
            raise tracing.TracingError(f"{error}; it said: {said.decode(errors='replace').strip() or 'nothing'}") from error
        finally:
            witness.close()

    def plain_run(self):
        """With the same flags: a run without layers does not clean up others' layers."""
        return subprocess.run([str(self.program), "run", *self.setup.flags, COMMAND, "true"], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, env=ENVIRONMENT, timeout=SECONDS, check=False)

    def always_fails(self, name):
        return any(injection.startswith(f"{name}:") for injection in self.always)

    def calls(self, who):
        """The calls up to the command's execve."""
        status, out, err, hung, witness = self.run(who)
        wrong = list(witness.complaints or ["the command was not seen"]) if witness.complaints != [] else []
        if (status, err, hung) != (judge.STATUS, "", False) or wrong:
            sys.exit(f"chapter {self.number} without a fault: exit status {status}, {wrong}, {err!r}\n{out}")
        found, times, before_main = [], {}, True
        for name, arguments in tracing.calls_of(self.trace):
            times[name] = times.get(name, 0) + 1
            # main() begins with OpenMissingStandardStreams.
            if name == "openat" and '"/dev/null", O_RDWR' in arguments:
                before_main = False
            if who != "run" and not found:
                before_main = False  # It starts in the middle of main.
            found.append(Call(who, name, times[name], arguments, before_main))
            if name in ("execve", "execveat"):
                before_main = True
                if found[-1].is_about_the_command or who == "tool" and arguments.endswith("= 0"):
                    break
        told = max((i for i, call in enumerate(found) if call.who == "run" and call.tells_init), default=len(found))
        return found[:told + 1] + [dataclasses.replace(call, after_release=True) for call in found[told + 1:]]


@dataclasses.dataclass
class Case:
    chapter: str
    call: Call
    fault: str  # an errno, or SIGKILL

    def __str__(self):
        return f"{self.chapter} {self.call} {self.fault}"

    @property
    def injection(self):
        what = "signal=SIGKILL" if self.fault == "SIGKILL" else f"error={self.fault}"
        return f"{self.call.name}:{what}:when={self.call.number}"

    def has_hit(self, bench):
        """Returns whether exactly this call got exactly this fault."""
        trace = bench.trace
        lines = tracing.calls_of(trace)
        if self.fault == "SIGKILL":
            last = lines[-1] if lines else None
            return last and last[0] == self.call.name and "+++ killed by SIGKILL +++" in tracing.read(trace) and \
                sum(name == self.call.name for name, _ in lines) == self.call.number and \
                thing_of(last[1]) in ("", thing_of(self.call.arguments))
        hits = [line for line in lines if line[1].endswith("(INJECTED)") and not bench.always_fails(line[0])]
        return len(hits) == 1 and hits[0][0] == self.call.name and \
            thing_of(hits[0][1]) == thing_of(self.call.arguments)

    def judge(self, bench):
        try:
            return self._judge(bench)
        except tracing.TracingError as error:
            bench.host.tidy()
            return judge.Outcome("error", [str(error)])

    def _judge(self, bench):
        for _ in range(TRIES):
            status, out, err, hung, witness = bench.run(self.call.who, self.injection)
            if self.has_hit(bench):
                break
            bench.host.tidy()
        else:
            return judge.Outcome("missed", [f"the fault did not hit: {tracing.read(bench.trace)[-300:]}"])
        if self.fault == "SIGKILL":
            outcome = judge.judge_kill(self.call.who, status, err)
        else:
            outcome = judge.judge_errno(self.fault, self.call, status, out, err, witness)
        if hung:
            outcome.complaints.append(f"it hung, and was killed after {SECONDS} s")
        left = bench.host.changes()
        if self.fault == "SIGKILL" and self.call.who == "run":
            outcome = self._clean_up_after_kill(bench, outcome, left)
        elif left and all(re.fullmatch(r"file /run/mydocker/(\.|[^/]+\.lock)", what) for what in left):
            # A lock is an empty file. If it could not be removed, the next holder removes it.
            bench.plain_run()
            outcome.complaints += [f"the next run left {what}" for what in bench.host.changes()]
        else:
            outcome.complaints += [f"left {what}" for what in left]
        outcome.told = err.strip()
        if outcome.complaints:
            bench.host.tidy()
        return outcome

    def _clean_up_after_kill(self, bench, outcome, left):
        """The next run removes what stays then, and so does `make recover`."""
        outcome.complaints += [f"left {what}" for what in judge.processes_left(left)]
        if not left:
            return outcome
        outcome.word = "killed, left some"
        done = bench.plain_run()
        if (done.returncode, done.stderr) != (0, ""):
            outcome.complaints.append(f"the next run: exit status {done.returncode}, {done.stderr!r}")
        outcome.complaints += [f"the next run left {what}" for what in bench.host.changes()]
        for _ in range(TRIES):
            bench.run(self.call.who, self.injection)
            if self.has_hit(bench) and bench.host.changes():
                break
        else:
            outcome.complaints.append("killed once more, it left nothing to recover")
        done = subprocess.run(["scripts/recover.sh"], capture_output=True, text=True, check=False)
        if (done.returncode, done.stderr) != (0, "") or "nothing was left" in done.stdout:
            outcome.complaints.append(f"recover: exit status {done.returncode}, {done.stdout}{done.stderr}")
        outcome.complaints += [f"recover left {what}" for what in bench.host.changes()]
        return outcome


class Table:
    def __init__(self, folder):
        self.folder = folder
        self.rows, self.apart = [], {}
        self.started = time.monotonic()

    def add(self, case, outcome):
        self.rows.append((case, outcome))
        if outcome.complaints:
            print(f"FAIL  {case}")
            for complaint in outcome.complaints:
                print(f"        {complaint}")
            sys.stdout.flush()

    def failed(self):
        return sum(bool(outcome.complaints) for _, outcome in self.rows)

    def write(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "table.txt", "w", encoding="utf-8") as file:
            for case, outcome in self.rows:
                print("FAIL" if outcome.complaints else "ok  ", f"{case.fault:<12} {outcome.word:<18}", case.chapter,
                      case.call, outcome.told and f"-> {outcome.told}", *outcome.complaints, sep="  ", file=file)
            print("\nNot made to fail:", file=file)
            for (chapter, call), why in self.apart.items():
                print(f"  {chapter}  {call}: {why}", file=file)
        with open(self.folder / "table.md", "w", encoding="utf-8") as file:
            self._write_markdown(file)
        if not sys.stdout.isatty():  # Too long for a person, and in the file.
            self._write_markdown(sys.stdout)

    def _write_markdown(self, file):
        print("| chapter | process | call | of | fault: outcome |\n| --- | --- | --- | --- | --- |", file=file)
        by_call = {}
        for case, outcome in self.rows:
            if isinstance(case, Storm):
                continue
            by_call.setdefault((case.chapter, case.call), []).append((case.fault, outcome))
        for (chapter, call), faults in by_call.items():
            words = {}
            for fault, outcome in faults:
                words.setdefault("**FAIL**" if outcome.complaints else outcome.word, []).append(fault)
            told = "; ".join(f"{' '.join(names)}: {word}" for word, names in words.items())
            thing = thing_of(call.arguments).replace("|", "\\|")
            print(f"| {chapter} | {call.who} | {call.name}#{call.number} | `{thing}` | {told} |", file=file)

    def summary(self):
        faults = [case.fault for case, _ in self.rows if not isinstance(case, Storm)]
        kills = faults.count("SIGKILL")
        leaks = sum(bool(re.search("(^|: )(the next run |recover )?left ", complaint))
                    for _, outcome in self.rows for complaint in outcome.complaints)
        print(f"{len(faults)} faults injected ({len(faults) - kills} errors, {kills} SIGKILL), {leaks} leaks, "
              f"{len(self.apart)} calls that are not made to fail; {time.monotonic() - self.started:.0f} s; "
              f"{self.folder}/table.txt")


def cases_of(chapter, bench, table, seen):
    """(case, None), or its outcome if that is known without trying. Leaves out calls that are in `seen`."""
    seen_before = frozenset(seen)
    for who in bench.setup.processes:
        for call in bench.calls(who):
            seen.add(place_of(call))
            if place_of(call) in seen_before or bench.always_fails(call.name):
                continue
            if call.before_main:
                table.apart[chapter, call] = errnos.BEFORE_MAIN
                faults = ()
            else:
                try:
                    verdict = errnos.errnos_of(call.name, call.arguments)
                except KeyError:
                    yield Case(chapter, call, "unknown"), judge.Outcome(
                        "unknown", [f"errnos.py does not say what {call.name} can give"])
                    continue
                if verdict.reason:
                    table.apart[chapter, call] = verdict.reason
                faults = verdict.errnos
            for fault in (*faults, "SIGKILL"):
                yield Case(chapter, call, fault), None


@dataclasses.dataclass
class Storm:
    chapter: str
    call: str
    fault: str = "storm"

    def __str__(self):
        return f"{self.chapter} storm {self.call}"


def prepare_files():
    subprocess.run(["scripts/rootfs.sh", "busybox", ROOTFS], check=True, stdout=subprocess.DEVNULL)
    os.mkfifo(judge.DOOR)
    os.mkfifo(ROOTFS + judge.DOOR)
    os.mkdir(judge.KEPT)
    with open(f"{ROOTFS}/etc/passwd", "a", encoding="utf-8") as file:
        file.write("user:x:1000:100::/home/user:\n")
    os.mkdir(SOURCE)
    pathlib.Path(SOURCE, "file").touch()
    pathlib.Path(SOURCE, "env").write_text("B=2\n", encoding="utf-8")
    with tarfile.open(ARCHIVE, "w:gz") as archive:
        for name in ("new", ".wh.old"):
            archive.addfile(tarfile.TarInfo(name))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--only", default="", help="a regular expression; `table.txt` shows what it looks at")
    parser.add_argument("--chapter", choices=SETUPS, action="append", help="of these; of all, unless given")
    parser.add_argument("--program", type=pathlib.Path, help="instead of the chapter's own")
    parser.add_argument("--table", type=pathlib.Path, help="the folder for the tables; build/faults unless given")
    options = parser.parse_args()
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "--", sys.executable, *sys.argv])
    os.chdir(ROOT)
    if subprocess.run(["build/tests/real_root"], check=False).returncode != 0:  # A chroot forbids much.
        os.execv("build/tests/real_root", ["real_root", sys.executable, *sys.argv])
    become_a_host()
    prepare_files()
    table = Table(options.table or options.build / "faults")
    table.folder.mkdir(parents=True, exist_ok=True)
    for number in options.chapter or SETUPS:
        seen = set()
        for setup in SETUPS[number]:
            chapter = f"{number} {setup.name}".strip()
            program = (options.program or options.build / "chapters" / setup.chapter / "run").resolve()
            if setup.volume:
                subprocess.run([program, "volume", "create", setup.volume], check=True, stdout=subprocess.DEVNULL)
            host = Host(setup.watched, keeps_volumes=bool(setup.volume))
            bench = Bench(number, setup, program, host, table.folder)
            bench.plain_run()  # The first run on a host with v2 hands controllers down from the root, and that stays.
            for case, outcome in cases_of(chapter, bench, table, seen):
                if re.search(options.only, str(case)):
                    table.add(case, outcome or case.judge(bench))
            of_chapter = {} if setup.name else storms.of_chapter(number, number == FIRST)
            for name, storm in of_chapter.items():
                if re.search(options.only, f"{chapter} storm {name}"):
                    table.add(Storm(chapter, name), judge.Outcome("", storm(bench)))
            bench.host.tidy()  # A wrong program may have left something while its calls were recorded.
            if setup.volume:
                subprocess.run([program, "volume", "rm", setup.volume], check=True)
    table.write()
    table.summary()
    failed = table.failed()
    print(f"{len(table.rows) - failed} passed, {failed} failed, 0 skipped")
    sys.exit(1 if failed or not table.rows else 0)


if __name__ == "__main__":
    main()
