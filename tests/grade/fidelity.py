#!/usr/bin/python3
"""Does the grader tell right from wrong? `make grade-fidelity` calls this.

Grades programs of which it is known what they do wrong (fidelity.toml), each
chapter's own program, and its untouched beginning, and compares the checks that
they lose with those that they should. Chapters may be named; all, if none is.
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
import tomllib

from lessons import CLEANS_UP, HERE, ROOT, LessonError, all_lessons

WRONG = HERE / "wrong"
SOLVED = HERE / "solved"
# From this chapter on, a program is killed while it has cgroups.
FIRST_TO_KILL = 8


@dataclasses.dataclass
class Program:
    lesson: object
    of: str  # as fidelity.toml has it; "ours"
    fault: str
    exercise: int | None
    lost: set
    perhaps: set
    time_limit: int

    @property
    def leaves_cgroups(self):
        """For a while: those of others that come and go are told apart from one's own, but not these."""
        return bool(self.fault) or self.lesson.number >= FIRST_TO_KILL

    @property
    def name(self):
        return self.of + (f" ({self.fault})" if self.fault else "") + \
            (f", exercise {self.exercise}" if self.exercise else "")


@dataclasses.dataclass
class Verdict:
    score: str
    lost: list
    complaints: list
    skipped: bool = False


def programs(lessons):
    for lesson in lessons.values():
        yield Program(lesson, "ours", "", None, set(), set(), 10)
        # Exercises go beyond the chapter: its program must not do for any of
        # them, and one that solves them must.
        for exercise in lesson.exercises:
            names = {check.test for check in exercise.checks}
            refuses = {name for name in names if name.endswith("IsRefused")}
            yield Program(lesson, "ours", "", exercise.number, names - refuses, set(), 10)
            [solved] = SOLVED.glob(f"{lesson.number}.*")
            yield Program(lesson, f"solved/{solved.name}", "", exercise.number, set(), set(), 10)
    with open(HERE / "fidelity.toml", "rb") as file:
        rows = tomllib.load(file)["program"]
    for row in rows:
        lesson = lessons.get(row["chapter"])
        if lesson is None:
            continue
        exercise = row.get("exercise")
        checks = lesson.exercises[exercise - 1].checks if exercise else lesson.checks
        names = {check.test for check in checks}
        lost = names - set(row["all_but"]) if "all_but" in row else set(row["lost"])
        perhaps = set(row.get("perhaps", ()))
        if unknown := (lost | perhaps | set(row.get("all_but", ()))) - names:
            raise LessonError(f"fidelity.toml, chapter {lesson.number}, {row['of']}: "
                              f"there is no check {', '.join(sorted(unknown))}")
        yield Program(lesson, row["of"], row.get("fault", ""), exercise, lost, perhaps, row.get("time_limit", 10))


class Builder:
    """Builds what a row names, and returns the file to run."""

    def __init__(self, build, scratch):
        self.build, self.scratch = build, scratch

    def file_of(self, program):
        if program.of == "ours":
            return self.build / "chapters" / program.lesson.folder / "run"
        if program.of == "start":
            return self._start(program.lesson)
        if program.of.endswith(".patch"):
            return build_patched(self.build, self.scratch, program.lesson.folder, WRONG / program.of)
        return HERE / program.of if "/" in program.of else WRONG / program.of

    def _start(self, lesson):
        workshop = self.scratch / "workshop"
        make = ["make", "-s", f"WORKSHOP={workshop.relative_to(ROOT)}",
                f"WORKSHOP_BUILD={(self.scratch / 'objects').relative_to(ROOT)}"]
        for target in ("start", "workshop"):
            run([*make, f"{target}{lesson.number}"])
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
    # Not from folders of the chapter's: there may be another program in one.
    objects = {path.relative_to(build): path
               for tree in ("common", "common/*", f"chapters/{chapter}")
               for path in build.glob(f"{tree}/*.o")}
    for file in files:
        if file.endswith(".cc"):
            built = folder / file.replace(".cc", ".o")
            run([*os.environ["COMPILE"].split(), f"-I{folder}", "-c", str(folder / file), "-o", str(built)])
            objects[built.relative_to(folder)] = built
    libraries = (build / "absl.libs").read_text(encoding="utf-8").split()
    run([*os.environ["LINK"].split(), *map(str, objects.values()), *libraries, "-o", str(folder / "run")])
    return folder / "run"


def run(command):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LessonError(f"{' '.join(command)[:200]}\n{done.stdout}{done.stderr}")


def judge(program, file, grader, progress):
    command = [sys.executable, str(HERE / "grade.py"), "--progress", str(progress), "grade",
               str(program.lesson.number), "--run", str(file), "-json", "--grader", str(grader),
               "--time-limit", str(program.time_limit)]
    if program.exercise:
        command += ["--exercise", str(program.exercise)]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          env={**os.environ, "FAULT": program.fault}, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return Verdict("", [], [done.stdout + done.stderr])
    results = {check["name"]: check for check in report["checks"]}
    skipped = {name for name, check in results.items() if check["result"] == "skip"}
    lost = {name for name, check in results.items() if check["result"] == "fail"}
    complaints = []
    for name in sorted(lost - program.lost - program.perhaps):
        complaints.append(f"loses {name}, and should not: expected {results[name]['expected']!r}, "
                          f"came {results[name]['came']!r}")
    for name in sorted(program.lost - lost - skipped):
        complaints.append(f"should lose {name}, and does not")
    if (done.returncode == 0) != (not lost):
        complaints.append(f"exit status {done.returncode}")
    complaints += wrong_hints(program, results, lost)
    return Verdict(f"{report['score']}/{report['total']}", [name for name in results if name in lost], complaints,
                   skipped=set(results) - skipped <= {CLEANS_UP})


def wrong_hints(program, results, lost):
    """After a first failure it must be the first hint."""
    hints = {check.test: check.hint for check in program.lesson.checks}
    return [f"{name} has another hint than its first: {results[name]['hint']}"
            for name in sorted(lost & set(hints)) if results[name]["hint"] != hints[name]]


def headings(page):
    return re.findall(r"^#{2,3} (.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)


def second_hints(lesson, file, grader, progress):
    """The same failure once more gives the stronger hint."""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(HERE / "grade.py"), "--progress", str(progress), "grade", str(lesson.number),
             "--run", str(file), "-json", "--grader", str(grader)],
            cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    failed = [check for check in json.loads(done.stdout)["checks"] if check["result"] == "fail"]
    again = {check.test: check.again for check in lesson.checks}
    return [f"{check['name']} has no second hint" for check in failed if check["hint"] != again[check["name"]]]


class Table:
    """Prints a line for each program, and counts."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, chapter, name, verdict):
        if verdict.skipped and not verdict.complaints:
            word, self.skipped = "skip", self.skipped + 1
        elif verdict.complaints:
            word, self.failed = "FAIL", self.failed + 1
        else:
            word, self.passed = "ok", self.passed + 1
        print(f"{word:<5} {chapter}  {name:<28} {verdict.score:>6}  {', '.join(verdict.lost) or '-'}", flush=True)
        for complaint in verdict.complaints:
            print(f"        {complaint}")


def check_words(lessons, table):
    """Each hint points at a part of a page that is there."""
    complaints = []
    checks = {check for lesson in lessons.values() for check in lesson.checks}
    checks |= {check for lesson in lessons.values() for ex in lesson.exercises for check in ex.checks}
    for check in sorted(checks, key=lambda check: check.test):
        if check.section not in headings(check.page):
            complaints.append(f"{check.test}: {check.page} has no part \"{check.section}\"")
    for lesson in lessons.values():
        page = (ROOT / lesson.page).read_text(encoding="utf-8")
        for exercise in lesson.exercises:
            command = f"make grade{lesson.number} EX={exercise.number}"
            if command not in page:
                complaints.append(f"{lesson.page} does not tell of `{command}`")
    table.add("*", "where the hints lead", Verdict("", [], complaints))


def grade_all(rows, builder, grader, table, scratch):
    # One that cannot be built, as its patch does not fit, is told in its own row.
    def built(program):
        try:
            return builder.file_of(program)
        except LessonError as error:
            return error

    def judged(item):
        number, program = item
        try:
            if isinstance(files[number], LessonError):
                raise files[number]
            return program, judge(program, files[number], grader, scratch / f"progress-{number}.json")
        except LessonError as error:
            return program, Verdict("", [], [str(error)])

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        starts = [(i, program) for i, program in enumerate(rows) if program.of == "start"]
        files = dict(zip((i for i, _ in starts), map(built, (program for _, program in starts))))
        others = [(i, program) for i, program in enumerate(rows) if program.of != "start"]
        files |= zip((i for i, _ in others), pool.map(built, (program for _, program in others)))
        together = [item for item in enumerate(rows) if not item[1].leaves_cgroups]
        alone = [item for item in enumerate(rows) if item[1].leaves_cgroups]
        for program, verdict in itertools.chain(pool.map(judged, together), map(judged, alone)):
            table.add(program.lesson.number, program.name, verdict)
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("chapter", type=int, nargs="*")
    options = parser.parse_args()
    if os.geteuid() != 0:
        # What sudo would not keep, env does.
        settings = [f"{name}={os.environ[name]}" for name in ("COMPILE", "LINK")]
        os.execvp("sudo", ["sudo", "--", "env", *settings, sys.executable, *sys.argv])
    build = options.build.resolve()
    grader = build / "tests/grade/grade"
    table = Table()
    lessons = all_lessons()
    if options.chapter:
        lessons = {number: lesson for number, lesson in lessons.items() if number in options.chapter}
    else:
        check_words(lessons, table)
    with tempfile.TemporaryDirectory(dir=build, prefix="fidelity-") as name:
        scratch = pathlib.Path(name)
        rows = sorted(programs(lessons), key=lambda program: program.lesson.number)
        files = grade_all(rows, Builder(build, scratch), grader, table, scratch)
        for number, program in enumerate(rows):
            built = not isinstance(files[number], LessonError)
            if built and program.of == "start" and program.lesson.number == 3:
                complaints = second_hints(program.lesson, files[number], grader, scratch / "hints.json")
                table.add(3, "start, graded again", Verdict("", [], complaints))
    print(f"{table.passed} passed, {table.failed} failed, {table.skipped} skipped")
    sys.exit(1 if table.failed else 0)


if __name__ == "__main__":
    try:
        main()
    except LessonError as error:
        sys.exit(str(error))
