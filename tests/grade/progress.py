"""The reader's scores, and how often in a row each check has failed."""

import json
import os
import pathlib

from lessons import LessonError


def key_of(number, program=None):
    """The owner of a score: the workshop's program, or another one, by its name."""
    return f"{number} {program}" if program else str(number)


class Progress:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        try:
            text = self.path.read_text(encoding="utf-8")
            self.accounts = json.loads(text) if text else {}
        except FileNotFoundError:
            self.accounts = {}
        except ValueError as error:
            raise LessonError(f"{self.path} makes no sense ({error}): remove it to start anew") from error

    def _account(self, key):
        return self.accounts.setdefault(key, {"score": 0, "total": 0, "failures": {}, "exercises": {}})

    def count(self, key, test, result):
        """Returns how often in a row the check has failed so far."""
        failures = self._account(key)["failures"]
        if result == "fail":
            failures[test] = failures.get(test, 0) + 1
        elif result == "ok":
            failures.pop(test, None)
        return failures.get(test, 0)

    def failures(self, key, test):
        return self._account(key)["failures"].get(test, 0)

    def record(self, key, exercise, score, total):
        """The best score counts; the last one is shown beside it."""
        account = self._account(key)
        if exercise is not None:
            account["exercises"][str(exercise)] = [score, total]
            return
        account["last"] = [score, total]
        if score * account["total"] >= account["score"] * total:
            account["score"], account["total"] = score, total

    def last(self, key):
        return tuple(self.accounts.get(key, {}).get("last", self.score(key)))

    def score(self, key):
        account = self.accounts.get(key, {})
        return account.get("score", 0), account.get("total", 0)

    def exercises(self, key):
        return self.accounts.get(key, {}).get("exercises", {})

    def programs(self, number):
        """The chapter's programs outside the workshop, as they were named."""
        return sorted(key.partition(" ")[2] for key in self.accounts if key.startswith(f"{number} "))

    def save(self):
        if self.path == pathlib.Path("/dev/null"):
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.accounts, indent=1) + "\n", encoding="utf-8")
        if "SUDO_UID" in os.environ and os.geteuid() == 0:
            # The file must belong to the reader, not to root.
            for path in (self.path.parent, new):
                os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))
        new.replace(self.path)


def _state(progress, key, lesson):
    """One program's progress; empty if it was never graded."""
    score, total = progress.score(key)
    state = ""
    if total:
        state = f"{score}/{total}" + (", full score" if score == total else "")
        got, of = progress.last(key)
        if (got, of) != (score, total):
            state += f" (last {got}/{of})"
    solved = [f"{number} ({got}/{of})" if got < of else number
              for number, (got, of) in sorted(progress.exercises(key).items())]
    exercises = f"exercises {', '.join(solved)} of {len(lesson.exercises)}" if solved else ""
    return "; ".join(filter(None, [state, exercises]))


def table(progress, lessons):
    lines = []
    for number, lesson in lessons.items():
        begin = f"begun: make grade{number}" if lesson.workshop.exists() else f"make start{number}"
        state = _state(progress, key_of(number), lesson) or begin
        lines.append(f"{number:>2}  {lesson.folder[3:]:<15} {state}")
        for program in progress.programs(number):
            state = _state(progress, key_of(number, program), lesson)
            lines.append(f"      {program}: {state}" if state else "")
    return "\n".join(filter(None, lines))
