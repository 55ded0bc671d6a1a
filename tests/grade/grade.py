#!/usr/bin/python3
"""The grader, as `make` calls it.

  grade.py start N         makes workshop/NN-name, where one begins chapter N
  grade.py grade N         runs the checks of chapter N against a program
  grade.py solution N      how ours differs from the one in the workshop
  grade.py progress        the chapters with their scores
  grade.py test N CALLER   the shell script by which `make test` runs the same checks against our own program
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import checker
import lessons
import progress
import workshop
from lessons import ROOT, LessonError, all_lessons, lesson

WIDTH = 100


def tell_part(name, text):
    """"    hint      …", over as many lines as it takes."""
    lines = []
    for line in (text.strip("\n") or "nothing").splitlines():
        lines += textwrap.wrap(line, WIDTH - 14, break_long_words=False, break_on_hyphens=False) or [""]
    for i, line in enumerate(lines):
        print(f"    {name if i == 0 else '':<10}{line}".rstrip())


def hint_for(check, failures):
    """The second failure in a row gets the stronger hint."""
    return check.again if failures > 1 else check.hint


def tell(outcome, failures):
    check = outcome.check
    if outcome.result == "skip":
        print(f"{check.what} … SKIP: {outcome.why}")
        return
    if not outcome.tried:
        print(f"{check.what} … FAIL: {outcome.came}")
        return
    time = f" ({outcome.seconds:.1f} s)" if outcome.seconds else ""
    print(f"{check.what} … {'OK' if outcome.result == 'ok' else 'FAIL'}{time}")
    if outcome.result == "fail":
        if outcome.ran:
            tell_part("ran", outcome.ran)
            tell_part("expected", outcome.expected)
        tell_part("came", outcome.came)
        tell_part("hint", hint_for(check, failures))
        tell_part("read", f"{check.page}, \"{check.section}\"; {check.man}")
    sys.stdout.flush()


def as_json(lesson_, exercise, shown, outcomes, counts):
    score, total = score_of(outcomes)
    return json.dumps({
        "chapter": lesson_.number,
        "exercise": exercise,
        "program": shown,
        "score": score,
        "total": total,
        "checks": [{
            "name": outcome.check.test,
            "what": outcome.check.what,
            "result": outcome.result,
            "seconds": round(outcome.seconds, 3),
            **({"ran": outcome.ran, "expected": outcome.expected, "came": outcome.came,
                "hint": hint_for(outcome.check, counts(outcome.check.test)),
                "page": outcome.check.page, "section": outcome.check.section, "man": outcome.check.man}
               if outcome.result == "fail" else {}),
            **({"why": outcome.why} if outcome.result == "skip" else {}),
        } for outcome in outcomes],
    }, indent=2, ensure_ascii=False)


def score_of(outcomes):
    """Checks that this machine cannot make do not count."""
    counted = [outcome for outcome in outcomes if outcome.result != "skip"]
    return sum(outcome.result == "ok" for outcome in counted), len(counted)


def program_to_grade(lesson_, run):
    """Its path, and how it is shown to the reader."""
    path = pathlib.Path(run) if run else lesson_.workshop / "run"
    shown = run or str(path.relative_to(ROOT))
    if not path.exists():
        if run:
            raise LessonError(f"RUN={run}: there is no such file")
        raise LessonError(f"there is no {shown} to grade: `make start{lesson_.number}` makes a beginning, or name "
                          f"your own program: `make grade{lesson_.number} RUN=./mine`")
    if path.is_dir() or not os.access(path, os.X_OK):
        raise LessonError(f"RUN={run}: that is no program: chmod +x it, or name another file")
    if run and "/" not in shown:
        shown = "./" + shown
    return path.resolve(), shown


def checks_to_run(lesson_, number, name):
    checks = lesson_.checks if number is None else checks_of_exercise(lesson_, number)
    if name is None:
        return checks
    chosen = [check for check in checks if check.test == name]
    if not chosen:
        raise LessonError(f"there is no check {name} here; there are {', '.join(check.test for check in checks)}")
    return chosen


def checks_of_exercise(lesson_, number):
    if not lesson_.exercises:
        raise LessonError(f"EX={number}: chapter {lesson_.number} has no exercises that can be checked")
    if not 1 <= number <= len(lesson_.exercises):
        raise LessonError(f"EX={number}: chapter {lesson_.number} has the exercises 1 to {len(lesson_.exercises)}")
    return lesson_.exercises[number - 1].checks


def become_root():
    """The checks make hosts, callers and cgroups of their own."""
    if os.geteuid() != 0:
        try:
            os.execvp("sudo", ["sudo", "--", sys.executable, *sys.argv])
        except OSError as error:
            raise LessonError(f"grading takes root, and there is no sudo here ({error.strerror}): run it as root") \
                from error


def grade(options):
    lesson_ = lesson(options.chapter)
    checks = checks_to_run(lesson_, options.exercise, options.check)
    program, shown = program_to_grade(lesson_, options.run)
    if options.time_limit < 1:
        raise LessonError("TIME_LIMIT: at least one second")
    become_root()
    checker.adopt_orphans()
    checker.CtrlC.wait_for_check()
    book = progress.Progress(options.progress)
    # A program of somebody else's is not the reader's work, and unlocks no
    # solution.
    own = program == (lesson_.workshop / "run").resolve()
    key = progress.key_of(lesson_.number, None if own else shown)

    def told(outcome):
        failures = book.count(key, outcome.check.test, outcome.result if outcome.tried else "skip")
        if not options.json:
            tell(outcome, failures)

    if not options.json:
        exercise = f", exercise {options.exercise}: {lesson_.exercises[options.exercise - 1].name}" \
            if options.exercise else f": {lesson_.idea}"
        print(f"Chapter {lesson_.number}{exercise}\n")
    outcomes = checker.run_checks(
        options.grader, checks, checker.environment_for(lesson_, program, shown, options.time_limit),
        options.time_limit, told)
    score, total = score_of(outcomes)
    if options.check is None:
        book.record(key, options.exercise, score, total)
    book.save()
    if options.json:
        print(as_json(lesson_, options.exercise, shown, outcomes,
                      lambda test: book.failures(key, test)))
        return 0 if score == total > 0 else 1
    print()
    skipped = len(outcomes) - total
    print(f"Score {score}/{total}" + (f", {skipped} skipped" if skipped else ""))
    if total - score > 1:
        print("Begin with the first that fails: others may follow from it.")
    if score == total > 0:
        if options.exercise is None and own and (lesson_.workshop / "main.cc").exists():
            print(f"`make solution{lesson_.number}` shows how ours differs from yours.")
        if options.exercise is None and lesson_.exercises:
            print(f"{lesson_.page} has exercises: `make grade{lesson_.number} EX=1` checks the first.")
    return 0 if score == total > 0 else 1


def start(options):
    print(workshop.start(lesson(options.chapter)))
    return 0


def solution(options):
    lesson_ = lesson(options.chapter)
    if not (lesson_.workshop / "main.cc").exists():
        raise LessonError(f"there is no program of yours in workshop/{lesson_.folder}: `make start{lesson_.number}`")
    score, total = progress.Progress(options.progress).score(progress.key_of(lesson_.number))
    if not options.anyway and not score == total > 0:
        done = f"{score}/{total} so far" if total else "it is not graded yet"
        raise LessonError(f"first get the full score from `make grade{lesson_.number}` ({done}); "
                          f"`make solution{lesson_.number} ANYWAY=1` if you cannot wait")
    ours = ROOT / "chapters" / lesson_.folder
    theirs = lesson_.workshop
    colour = "always" if sys.stdout.isatty() else "never"
    # diff's status 1 means that they differ, as expected. escape is not part of
    # the program: it tries to break out of it.
    found = subprocess.run(
        ["diff", f"--color={colour}", "-ruN", "-x", "run", "-x", "TASK.md", "-x", "escape",
         "-I", r"^ *// #\(end\)\?region ",
         str(theirs.relative_to(ROOT)), str(ours.relative_to(ROOT))], cwd=ROOT, check=False)
    new = workshop.introduced_by(lesson_.number)
    if new:
        print("\nThe functions that this chapter adds for all to come: " + ", ".join(new))
    return 0 if found.returncode <= 1 else found.returncode


def test(options):
    lesson_ = lesson(options.chapter)
    checks = [f"Grade.{check.test}" for check in lesson_.checks if check.test != lessons.CLEANS_UP]
    settings = {**checker.settings_of(lesson_), "GRADE_CALLER": options.caller, "LC_ALL": "C.UTF-8"}
    print("#!/bin/sh")
    for name, value in settings.items():
        print(f"export {name}='{value}'")
    # GTEST_FILTER="-…" leaves out some more of them; another one does not count.
    left_out = '"${GTEST_FILTER##[!-]*}"'
    print(f"exec \"$(dirname \"$0\")/grade\" --gtest_filter='{':'.join([*checks, *lesson_.ours])}'{left_out} \"$@\"")
    return 0


def show_progress(options):
    print(progress.table(progress.Progress(options.progress), all_lessons()))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workshop", type=pathlib.Path, default=pathlib.Path("workshop"),
                        help="where the reader's programs are")
    parser.add_argument("--progress", type=pathlib.Path, help="where scores are kept, if not there; /dev/null: nowhere")
    commands = parser.add_subparsers(required=True)
    for name, act in (("start", start), ("grade", grade), ("solution", solution)):
        command = commands.add_parser(name)
        command.add_argument("chapter", type=int)
        command.set_defaults(act=act)
        if name == "grade":
            command.add_argument("--run", help="the program, if not the workshop's")
            command.add_argument("--exercise", type=int)
            command.add_argument("--check", help="this one alone, by its name in C++; the score is not recorded")
            command.add_argument("-json", "--json", action="store_true")
            command.add_argument("--time-limit", type=int, default=10, help="seconds for each answer")
            command.add_argument("--grader", default=str(ROOT / "build/tests/grade/grade"))
        if name == "solution":
            command.add_argument("--anyway", action="store_true")
    commands.add_parser("progress").set_defaults(act=show_progress)
    command = commands.add_parser("test")
    command.add_argument("chapter", type=int)
    command.add_argument("caller", choices=("root", "user"))
    command.set_defaults(act=test)
    options = parser.parse_args()
    lessons.WORKSHOP = ROOT / options.workshop
    options.progress = options.progress or lessons.WORKSHOP / "progress.json"
    # The reader of the output may stop early, as head(1) does.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        sys.exit(options.act(options))
    except LessonError as error:
        sys.exit(f"{error}")
    except checker.Interrupted:
        sys.exit(130)


if __name__ == "__main__":
    main()
