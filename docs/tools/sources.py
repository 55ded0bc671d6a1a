"""docs/sources.md: the files of its tables exist, and the functions beside them are in these files."""

import pathlib
import re

PAGE = "docs/sources.md"
HEADER = "| section | page | file: function |"
SPAN = re.compile(r"`([^`]+)`")
FILE = re.compile(r"^[\w./-]+\.\w+$")
NAME = re.compile(r"^\w+(?:::\w+)*$")


def find(root, file):
    """The file that a cell names; files of common/ are named without their directory."""
    return next((path for path in (root / file, root / "common" / file) if path.is_file()), None)


def problems(root):
    root = pathlib.Path(root)
    page = root / PAGE
    found, in_table = [], False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines() if page.exists() else [], 1):
        in_table = line.startswith("|") and (in_table or line == HEADER)
        if in_table and line != HEADER:
            found += [f"{PAGE}:{number}: {wrong}" for wrong in problems_of_cell(root, line.split("|")[3])]
    return found


def problems_of_cell(root, cell):
    """`file`: `function`, `function`; `file` …"""
    file, text = None, ""
    for span in SPAN.findall(cell):
        if FILE.match(span):
            path = find(root, span)
            file, text = span, path.read_text(encoding="utf-8") if path else ""
            if not path:
                yield f"there is no file {span}, nor common/{span}"
        elif NAME.match(span) and file:
            missing = [part for part in span.split("::") if text and not re.search(rf"\b{part}\b", text)]
            if missing:
                yield f"{file} has no {' and no '.join(missing)}"
        elif not span.startswith("make "):
            yield f"`{span}` is neither a file nor a function in one"
