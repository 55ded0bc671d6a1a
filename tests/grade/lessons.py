"""Reads and checks the chapters' .toml files, and knows where files are."""

import dataclasses
import pathlib
import re
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/grade"
WORKSHOP = ROOT / "workshop"

# Every chapter's last check. It is not a C++ check: it collects the leftovers
# that the others found.
CLEANS_UP = "CleansUp"


class LessonError(Exception):
    """An error that its reader can fix, in a sentence."""


@dataclasses.dataclass(frozen=True)
class Check:
    test: str  # its name in C++: Grade.TEST
    what: str  # in the reader's words
    page: str  # docs/NN-name.md, and the heading there
    man: str
    hint: str  # after a failure
    again: str  # after another one
    section: str = "Exercises"


@dataclasses.dataclass(frozen=True)
class Exercise:
    number: int
    name: str
    checks: tuple


@dataclasses.dataclass(frozen=True)
class Lesson:
    number: int
    folder: str  # 03-pid-ns
    idea: str  # what the first line of its program says
    namespaces: tuple
    caller: str  # who starts the program: root or user
    begin: str  # its file in start/; empty if it begins with the chapter before
    after: int  # the chapter whose program it goes on with
    usage: str
    before_command: tuple
    interactive: tuple
    ours: tuple  # what our own program must also pass: suites of our_checks.cc, checks of earlier chapters
    man: tuple
    task: str
    checks: tuple
    exercises: tuple

    @property
    def workshop(self):
        return WORKSHOP / self.folder

    @property
    def page(self):
        return f"docs/{self.folder}.md"


def _load(path):
    with open(path, "rb") as file:
        return tomllib.load(file)


def _checks_of(files):
    checks = {}
    for folder, data in files.items():
        for test, words in data["check"].items():
            if test in checks:
                raise LessonError(f"{folder}.toml: the check {test} is in another chapter's file already")
            checks[test] = Check(test=test, page=f"docs/{folder}.md", **words)
    return checks


def _lesson(folder, data, checks):
    def named(tests):
        missing = [test for test in tests if test not in checks]
        if missing:
            raise LessonError(f"{folder}.toml: no file describes the check {missing[0]}")
        return tuple(checks[test] for test in tests)

    first_line = (ROOT / "chapters" / folder / "main.cc").read_text(encoding="utf-8").splitlines()[0]
    return Lesson(
        number=int(folder[:2]),
        folder=folder,
        idea=re.sub(r"^// Chapter \d+: (.*)\.$", r"\1", first_line),
        namespaces=tuple(data["namespaces"]),
        caller=data["caller"],
        begin=data.get("begin", ""),
        after=data.get("after", int(folder[:2]) - 1),
        usage=data["usage"],
        before_command=tuple(data.get("before_command", ())),
        interactive=tuple(data.get("interactive", ())),
        ours=tuple(data["ours"]),
        man=tuple(data["man"]),
        task=data["task"].strip(),
        checks=named([*data["checks"], CLEANS_UP]),
        exercises=tuple(
            Exercise(number, exercise["name"], named(exercise["checks"]))
            for number, exercise in enumerate(data.get("exercise", ()), 1)),
    )


def all_lessons():
    """The graded chapters, by number."""
    files = {path.stem: _load(path) for path in sorted(HERE.glob("[0-9][0-9]-*.toml"))}
    checks = _checks_of(files)
    return {int(folder[:2]): _lesson(folder, data, checks) for folder, data in files.items()}


def lesson(number):
    lessons = all_lessons()
    if number not in lessons:
        raise LessonError(f"there is nothing to grade for chapter {number}: "
                          f"try one of {', '.join(map(str, lessons))}")
    return lessons[number]
