"""The folder in which a reader begins a chapter: workshop/NN-name."""

import re
import textwrap

from lessons import CLEANS_UP, HERE, ROOT, LessonError


def introduced_by(number):
    """The headers of common/ that this chapter introduces."""
    first_line = f"// From chapter {number}."
    return [str(path.relative_to(ROOT)) for path in sorted((ROOT / "common").rglob("*.h"))
            if path.read_text(encoding="utf-8").partition("\n")[0] == first_line]


def _files_to_begin_with(lesson):
    """Name and text of each file: those in start/ for the chapter, or else of the chapter that it goes on with."""
    folder = HERE / "start" / lesson.folder
    if not folder.exists():
        [folder] = (ROOT / "chapters").glob(f"{lesson.after:02}-*")
    for path in sorted([*folder.glob("*.cc"), *folder.glob("*.h")]):
        text = path.read_text(encoding="utf-8")
        # The marks are for the pages, and includes now name files of this
        # folder.
        text = re.sub(r"^ *// #(end)?region .*\n", "", text, flags=re.MULTILINE)
        yield path.name, text.replace(f'#include "chapters/{folder.name}/', '#include "')


def _paragraph(*sentences):
    return [*textwrap.wrap(" ".join(sentences), 100, break_long_words=False, break_on_hyphens=False), ""]


def _task(lesson):
    number = lesson.number
    begin = lesson.begin or f"the program of chapter {lesson.after}"
    caller = "started by root" if lesson.caller == "root" else "started by an ordinary user, without sudo"
    has = [path for before in range(1, number) for path in introduced_by(before)]
    lines = [
        f"# Chapter {number}: {lesson.idea}",
        "",
        lesson.task,
        "",
        *_paragraph(f"Here is the beginning: {begin}. Change it as you like; every `*.cc` in this folder is part of it.",
                    "If you would rather go on with a program of your own, put it in its place." if number > 1 else ""),
        f"    make workshop{number}                # builds workshop/{lesson.folder}/run",
        f"    make grade{number}                   # builds and checks it",
        f"    make grade{number} RUN=./mine        # checks another program of yours, in any language",
        "",
        "## What the program must do",
        "",
        *_paragraph(f"Its command line is `{lesson.usage}`. It is {caller}, and checked for this:"),
        *[f"- {check.what}" for check in lesson.checks],
        "",
        *_paragraph("Of each check that fails you learn what was run, what was expected, what came, and get a hint,",
                    "which is plainer when the same check fails again.",
                    f"At the full score, `make solution{number}` shows how our program differs from yours."),
        "## What to read",
        "",
        f"- [The chapter](../../{lesson.page}), at least up to its code",
        *[f"- {page}" for page in lesson.man],
        "",
    ]
    if has:
        lines += ["## What there is to be used", "",
                  *_paragraph("From the chapters before, to be included as it is:",
                              ", ".join(f"`{path}`" for path in has) + ".",
                              "What this chapter adds to it is yours to write." if introduced_by(number) else "")]
    return "\n".join(lines).rstrip() + "\n"


def start(lesson):
    """Makes the folder, and prints what to do with it."""
    folder = lesson.workshop
    shown = folder.relative_to(ROOT)
    if folder.exists():
        raise LessonError(f"{shown} is there already, and may be work of yours: it stays as it is. To begin anew, "
                          f"move it away first: mv {shown} {shown}.old")
    assert lesson.checks[-1].test == CLEANS_UP
    folder.mkdir(parents=True)
    for name, text in _files_to_begin_with(lesson):
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "TASK.md").write_text(_task(lesson), encoding="utf-8")
    return (f"{shown}/TASK.md says what to do. `make workshop{lesson.number}` builds it, "
            f"`make grade{lesson.number}` checks it.")
