"""Rules for the text of a .toml: hints must lead somewhere, and must not give the line away."""

import re

from lessons import HERE, ROOT

# One a line. Look an added one up: `man 2 NAME`.
MAN_PAGES = HERE / "man-pages.txt"
PAGE = r"[\w.+-]+\(\d\)"
URL = r"https://\S+?"
# CLONE_NEWUTS, MS_BIND; or a call with its arguments, such as f(1, x).
CONSTANT = r"\b[A-Z]+_[A-Z_]*[A-Z]\b"
CALL = r"\b\w+\((?!\d\))[^)]+\)"


def _headings(page):
    return re.findall(r"^#{2,3} (.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)


def _of_check(check, known):
    if check.section not in _headings(check.page):
        yield f"{check.page} has no part \"{check.section}\""
    if not re.fullmatch(rf"({PAGE}|{URL})(, ({PAGE}|{URL}))*", check.man):
        yield f"man is to name pages and nothing else: {check.man}"
    for page in re.findall(PAGE, f"{check.man} {check.hint} {check.again}"):
        if page not in known:
            yield f"{page} is not in {MAN_PAGES.name}"
    for word in re.findall(CONSTANT, check.hint):
        yield f"the first hint gives {word} away"
    for line in re.findall(CALL, f"{check.hint} {check.again}"):
        yield f"a hint is no line of code: {line}"


def complaints(lessons):
    known = set(MAN_PAGES.read_text(encoding="utf-8").split())
    found = []
    checks = {check for lesson in lessons.values() for check in lesson.checks}
    checks |= {check for lesson in lessons.values() for exercise in lesson.exercises for check in exercise.checks}
    for check in sorted(checks, key=lambda check: (check.page, check.test)):
        found += [f"{check.page}, {check.test}: {complaint}" for complaint in _of_check(check, known)]
    for lesson in lessons.values():
        for page in re.findall(PAGE, " ".join(lesson.man)):
            if page not in known:
                found.append(f"{lesson.folder}.toml: {page} is not in {MAN_PAGES.name}")
        if words := re.findall(CONSTANT, " ".join(lesson.man)):
            found.append(f"{lesson.folder}.toml: what there is to read gives {', '.join(words)} away")
        told = (ROOT / lesson.page).read_text(encoding="utf-8")
        for exercise in lesson.exercises:
            command = f"make grade{lesson.number} EX={exercise.number}"
            if command not in told:
                found.append(f"{lesson.page} does not tell of `{command}`")
    return found
