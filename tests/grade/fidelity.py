#!/usr/bin/python3
"""Does the grader tell right from wrong? `make grade-fidelity` calls this.

Grades programs with known faults (fidelity.toml), each chapter's own program,
and its untouched beginning, and compares the checks that they lose with those
that they should. It grades the named chapters, or all. With --write it grades
nothing, and writes the table of wrong/README.md.
"""

import argparse
import concurrent.futures
import dataclasses
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib

import words
from lessons import CLEANS_UP, HERE, ROOT, LessonError, all_lessons

WRONG = HERE / "wrong"
SOLVED = HERE / "solved"
ROWS = HERE / "fidelity.toml"
FIRST_WITH_CGROUPS = 7
RECORDS = pathlib.Path("/run/mydocker")  # The containers of all chapters.


@dataclasses.dataclass
class Program:
    lesson: object
    of: str  # as fidelity.toml has it; "ours"
    fault: str = ""
    exercise: int | None = None
    lost: set = dataclasses.field(default_factory=set)
    perhaps: set = dataclasses.field(default_factory=set)
    kept: set | None = None  # of one that loses all but these
    time_limit: int = 10
    what: str = ""  # is wrong with it, if the program does not say so
    hints: tuple = ()  # of a start: parts of the hints that its first failure has to show

    @property
    def checks(self):
        return self.lesson.exercises[self.exercise - 1].checks if self.exercise else self.lesson.checks

    @property
    def is_aimed(self):
        """Aimed at the checks that it loses: it was made for them, and passes the rest."""
        return self.is_wrong and self.of != "start" and self.kept is None

    @property
    def is_wrong(self):
        return self.of != "ours" and (bool(self.fault) or not self.of.startswith("solved/"))

    @property
    def needs_machine_alone(self):
        """CleansUp cannot tell to whom cgroups and records belong that come and go."""
        return self.lesson.number >= FIRST_WITH_CGROUPS

    @property
    def name(self):
        return self.of + (f" ({self.fault})" if self.fault else "") + \
            (f", exercise {self.exercise}" if self.exercise else "")


@dataclasses.dataclass
class Verdict:
    score: str
    lost: list
    complaints: list
    skipped: list = ()  # checks that this machine cannot make
    proves_nothing: bool = False  # since what it should lose is among them
    seconds: float = 0.0


def table_of_rows():
    with open(ROWS, "rb") as file:
        return tomllib.load(file)


def programs(lessons):
    for lesson in lessons.values():
        yield Program(lesson, "ours")
        # Exercises go beyond the chapter: its program must pass none of them,
        # and one that solves them must pass all.
        for exercise in lesson.exercises:
            yield Program(lesson, "ours", exercise=exercise.number, lost={check.test for check in exercise.checks})
            [solved] = SOLVED.glob(f"{lesson.number}.*")
            yield Program(lesson, f"solved/{solved.name}", exercise=exercise.number)
    for chapter in table_of_rows()["chapter"]:
        if chapter["number"] in lessons:
            for row in chapter["programs"]:
                yield _program(lessons[chapter["number"]], row)


def _program(lesson, row):
    kept = set(row["all_but"]) if "all_but" in row else None
    program = Program(lesson, row["of"], row.get("fault", ""), row.get("exercise"), perhaps=set(row.get("perhaps", ())),
                      kept=kept, time_limit=row.get("time_limit", 10), what=row.get("what", ""),
                      hints=tuple(row.get("hints", ())))
    names = {check.test for check in program.checks}
    program.lost = names - kept if kept is not None else set(row["lost"])
    if unknown := (program.lost | program.perhaps | (kept or set())) - names:
        raise LessonError(f"fidelity.toml, chapter {lesson.number}, {program.name}: "
                          f"there is no check {', '.join(sorted(unknown))}")
    return program


class Builder:
    """Builds the program of a row, and returns the file to run. Several threads may call it at once."""

    def __init__(self, build, scratch, lessons):
        self.build, self.scratch, self.lessons = build, scratch, lessons
        self.lock = threading.Lock()
        self.starts_are_built = False
        self.patched = {}  # (chapter, patch): a lock, and the program when it is built

    def file_of(self, program):
        if program.of == "ours":
            return self.build / "chapters" / program.lesson.folder / "run"
        if program.of == "start":
            return self._start(program.lesson)
        if program.of.endswith(".patch"):
            return self._patched(program.lesson.folder, (HERE if "/" in program.of else WRONG) / program.of)
        return HERE / program.of if "/" in program.of else WRONG / program.of

    def _patched(self, folder, patch):
        """Only once, because one program may solve several exercises."""
        with self.lock:
            lock, built = self.patched.setdefault((folder, patch), (threading.Lock(), []))
        with lock:
            if not built:
                built.append(build_patched(self.build, self.scratch, folder, patch))
            return built[0]

    def _start(self, lesson):
        workshop = self.scratch / "workshop"
        with self.lock:
            if not self.starts_are_built:
                self.starts_are_built = True
                # All at once: half the cost of each is make reading the Makefile.
                make = ["make", "-s", "--keep-going", f"WORKSHOP={workshop.relative_to(ROOT)}",
                        f"WORKSHOP_BUILD={(self.scratch / 'objects').relative_to(ROOT)}"]
                for target in ("start", "workshop"):
                    run([*make, *(f"{target}{number}" for number in self.lessons)])
        return workshop / lesson.folder / "run"


def build_patched(build, scratch, chapter, patch):
    """The program of the chapter's folder from the sources with `patch` on them, in `scratch`."""
    folder = scratch / f"{chapter}-{patch.stem}"
    files = re.findall(r"^\+\+\+ b/(\S+)", patch.read_text(encoding="utf-8"), re.MULTILINE)
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, folder / file)
    run(["patch", "--quiet", "--strip=1", "--fuzz=0", "--no-backup-if-mismatch",
         f"--directory={folder}", f"--input={patch}"])
    # Not from subfolders of the chapter: one may contain another program.
    objects = {path.relative_to(build): path for path in build.glob(f"chapters/{chapter}/*.o")}
    for file in files:
        if file.endswith(".cc"):
            built = folder / file.replace(".cc", ".o")
            run([*os.environ["COMPILE"].split(), f"-I{folder}", "-c", str(folder / file), "-o", str(built)])
            objects[built.relative_to(folder)] = built
    libraries = [word for file in (*build.glob(f"chapters/{chapter}/*.libs"), build / "absl.libs")
                 for word in file.read_text(encoding="utf-8").split()]
    # The linker takes from an archive only what the program still lacks.
    run([*os.environ["LINK"].split(), *map(str, objects.values()), str(build / "common.a"), *libraries,
         "-o", str(folder / "run")])
    return folder / "run"


def run(command):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LessonError(f"{' '.join(command)[:200]}\n{done.stdout}{done.stderr}")


def grade(program, file, grader, progress, check=None):
    command = [sys.executable, str(HERE / "grade.py"), "--progress", str(progress), "grade",
               str(program.lesson.number), "--run", str(file), "-json", "--grader", str(grader),
               "--time-limit", str(program.time_limit)]
    if program.exercise:
        command += ["--exercise", str(program.exercise)]
    if check:
        command += ["--check", check]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**os.environ, "FAULT": program.fault}, check=False)
    try:
        return done.returncode, json.loads(done.stdout)
    except ValueError as error:
        raise LessonError(done.stdout + done.stderr) from error


def judge(program, file, grader, progress):
    started = time.monotonic()
    status, report = grade(program, file, grader, progress)
    results = {check["name"]: check for check in report["checks"]}
    skipped = {name for name, check in results.items() if check["result"] == "skip"}
    lost = {name for name, check in results.items() if check["result"] == "fail"}
    complaints = []
    for name in sorted(lost - program.lost - program.perhaps):
        complaints.append(f"loses {name}, and should not: expected {results[name]['expected']!r}, "
                          f"came {results[name]['came']!r}")
    for name in sorted(program.lost - lost - skipped):
        complaints.append(f"should lose {name}, and does not")
    if (status == 0) != (not lost):
        complaints.append(f"exit status {status}")
    if program.hints and lost and not skipped:
        complaints += wrong_hints(program, file, grader, progress, results)
    return Verdict(f"{report['score']}/{report['total']}", [name for name in results if name in lost], complaints,
                   [name for name in results if name in skipped],
                   skipped >= (program.lost or set(results) - {CLEANS_UP}), time.monotonic() - started)


def wrong_hints(program, file, grader, progress, results):
    """The first failure must show the first hint, and its repetition the stronger one."""
    first = next(check for check in results.values() if check["result"] == "fail")
    _, report = grade(program, file, grader, progress, first["name"])
    shown = [first["hint"], report["checks"][0].get("hint", "")]
    return [f"after {number} of {first['name']} it should say {part!r}, and says {hint!r}"
            for number, part, hint in zip(("a failure", "another failure"), program.hints, shown) if part not in hint]


class Table:
    """Prints a line for each program, and counts."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, chapter, name, verdict):
        if verdict.complaints:
            word, self.failed = "FAIL", self.failed + 1
        elif verdict.proves_nothing:
            word, self.skipped = "skip", self.skipped + 1
        else:
            word, self.passed = "ok", self.passed + 1
        skipped = f" (skipped: {', '.join(verdict.skipped)})" if verdict.skipped else ""
        time_taken = f"{verdict.seconds:.0f} s" if verdict.seconds else ""
        print(f"{word:<5} {chapter:>2}  {name:<28} {verdict.score:>6} {time_taken:>5}  "
              f"{', '.join(verdict.lost) or '-'}{skipped}", flush=True)
        for complaint in verdict.complaints:
            print(f"        {complaint}")


def unseen(lessons, rows):
    """Checks that might always succeed: no program is made to lose them."""
    seen = set(table_of_rows()["out_of_reach"]).union(*(row.lost for row in rows if row.is_aimed))
    return [f"no program of wrong/ is made to lose {check.test}"
            for lesson in lessons.values() for check in lesson.checks
            if check.test not in seen and check.page == lesson.page]


def fault_of(program):
    """Its fault, from its row or from its own first comment."""
    if program.what or program.of == "start":
        return program.what or "the untouched beginning"
    lines = (WRONG / program.of).read_text(encoding="utf-8").splitlines()
    lines = lines[1:] if lines[0].startswith("#!") else lines
    return lines[0].lstrip("# ")


def wrong_programs(rows):
    """The text of wrong/README.md."""
    lines = [
        "# The wrong programs, and the checks that each has to lose",
        "",
        "<!-- Written by tests/grade/fidelity.py --write from fidelity.toml. -->",
        "",
        "`make grade-fidelity` grades each of them, in CI at every change. One that loses another check than these, or",
        "one less, is a failure: of the grader, or of this table. `grep -A1 NAME tests/grade/*.toml` tells what a check is",
        "about. The points are those of a machine on which no check has to be skipped.",
        "",
        "| chapter | program | what is wrong with it | points | loses |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        if not row.is_wrong:
            continue
        total = len(row.checks)
        points = [total - len(row.lost)]
        if row.perhaps:
            points.insert(0, points[0] - len(row.perhaps))
        loses = ", ".join(check.test for check in row.checks if check.test in row.lost)
        if row.kept is not None:
            loses = "all but " + ", ".join(check.test for check in row.checks if check.test in row.kept)
        if row.perhaps:
            loses = "; perhaps ".join(filter(None, [loses, ", ".join(sorted(row.perhaps))]))
        lines.append(f"| {row.lesson.number} | {row.name} | {fault_of(row)} | "
                     f"{' or '.join(map(str, points))} of {total} | {loses or 'nothing'} |")
    return "\n".join(lines) + "\n"


def remove_leftovers():
    """Removes records and locks that a wrong program left: the next program would remove them, and be blamed for the
    change."""
    if RECORDS.exists():
        run([str(ROOT / "scripts/recover.sh")])


def grade_all(rows, builder, grader, table, scratch):
    def judged(item):
        number, program = item
        if program.needs_machine_alone:
            remove_leftovers()
        # A program that cannot be built because its patch does not apply is reported
        # in its own row.
        try:
            return program, judge(program, files[number].result(), grader, scratch / f"progress-{number}.json")
        except LessonError as error:
            return program, Verdict("", [], [str(error)])

    # While one program is graded, which is mostly waiting, the next ones are built.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as builders, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as graders:
        together = [item for item in enumerate(rows) if not item[1].needs_machine_alone]
        alone = [item for item in enumerate(rows) if item[1].needs_machine_alone]
        files = {number: builders.submit(builder.file_of, program) for number, program in together + alone}
        for program, verdict in itertools.chain(graders.map(judged, together), map(judged, alone)):
            table.add(program.lesson.number, program.name, verdict)


def allowed_skips():
    """How many programs CI's machine may skip; other machines may skip any number."""
    if "CI" not in os.environ:
        return None
    return table_of_rows()["skips_in_ci"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("chapter", type=int, nargs="*")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lessons = all_lessons()
    readme = WRONG / "README.md"
    if options.write:
        readme.write_text(wrong_programs(programs(lessons)), encoding="utf-8")
        return 0
    if os.geteuid() != 0:
        # sudo would drop these variables; env sets them again.
        settings = [f"{name}={os.environ[name]}" for name in ("COMPILE", "LINK", "CI") if name in os.environ]
        os.execvp("sudo", ["sudo", "--", "env", *settings, sys.executable, *sys.argv])
    build = options.build.resolve()
    table = Table()
    if options.chapter:
        lessons = {number: lesson for number, lesson in lessons.items() if number in options.chapter}
    # sorted() keeps the order within a chapter.
    rows = sorted(programs(lessons), key=lambda program: program.lesson.number)
    if not options.chapter:
        table.add("*", "hints", Verdict("", [], words.complaints(lessons)))
        table.add("*", "checks that nobody loses", Verdict("", [], unseen(lessons, rows)))
        stale = readme.read_text(encoding="utf-8") != wrong_programs(rows)
        table.add("*", "wrong/README.md", Verdict("", [], ["is not what tests/grade/fidelity.py build --write writes"]
                                                  if stale else []))
    with tempfile.TemporaryDirectory(dir=build, prefix="fidelity-") as name:
        scratch = pathlib.Path(name)
        grade_all(rows, Builder(build, scratch, lessons), build / "tests/grade/grade", table, scratch)
    most = allowed_skips()
    if not options.chapter and most is not None:
        if table.skipped < most:
            print(f"fidelity.toml allows {most} skips in CI: write {table.skipped} there")
        elif table.skipped > most:
            table.add("*", "skips", Verdict("", [], [f"{table.skipped} programs were skipped, and {most} may be"]))
    print(f"{table.passed} passed, {table.failed} failed, {table.skipped} skipped")
    return 1 if table.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LessonError as error:
        sys.exit(str(error))
