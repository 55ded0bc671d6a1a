"""Checks that the files and headings that the book links to exist. Fetches nothing."""

import pathlib
import re
import urllib.parse

LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'][^)]*)?\)")
REFERENCE = re.compile(r"^ {0,3}\[[^\]^]+\]:\s*<?([^\s>]+)")
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]+)\"")
HTML_ANCHOR = re.compile(r"<[a-z0-9]+\b[^>]*?\b(?:id|name)=\"([^\"]+)\"")
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)(?:\s+#+)?\s*$")
CODE_SPAN = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
FENCE = re.compile(r"^ *(`{3,}|~{3,})")
LINE_ANCHOR = re.compile(r"^L(\d+)(?:-L\d+)?$")


def outside_of_fences(text):
    """(line number, line) of all lines outside fenced blocks."""
    fence = None
    for number, line in enumerate(text.split("\n"), 1):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence) and not line.strip(" `~"):
                fence = None
        elif mark:
            fence = mark[1]
        else:
            yield number, line


def anchor_of(heading):
    """The anchor that GitHub gives a heading."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"<[^>`]+>", "", text)
    text = re.sub(r"[^\w\- ]", "", text.lower())
    return text.replace(" ", "-")


def anchors(text):
    """All anchors of a Markdown text; a repeated heading gets -1, -2, …"""
    found, times = set(), {}
    for _, line in outside_of_fences(text):
        found.update(HTML_ANCHOR.findall(line))
        heading = HEADING.match(line)
        if heading:
            # Emphasis is not part of the text; an underscore inside a word is.
            name = anchor_of(re.sub(r"(?<!\w)_([^_]+)_(?!\w)", r"\1", heading[1]))
            count = times.get(name, 0)
            times[name] = count + 1
            found.add(f"{name}-{count}" if count else name)
    return found


def targets(text):
    """(line number, target) of each link and picture."""
    for number, line in outside_of_fences(text):
        line = CODE_SPAN.sub("", line)
        for pattern in (LINK, REFERENCE, HTML):
            for target in pattern.findall(line):
                yield number, target


def problem_with(target, page, root):
    """The error of a link on that page, or nothing."""
    parts = urllib.parse.urlsplit(target)
    if parts.scheme or target.startswith("//"):
        return None
    path = urllib.parse.unquote(parts.path)
    if path.startswith("/"):
        return "an absolute path leads nowhere on a code host; write it relative to the page"
    file = (page.parent / path).resolve() if path else page
    if not file.is_relative_to(root) or not file.exists():
        return "there is no such file"
    fragment = urllib.parse.unquote(parts.fragment)
    if not fragment or file.is_dir():
        return None
    if file.suffix == ".md":
        known = anchors(file.read_text(encoding="utf-8"))
        return None if fragment in known else f"no heading of {file.relative_to(root)} has the anchor '{fragment}'"
    line = LINE_ANCHOR.match(fragment)
    if line and int(line[1]) > len(file.read_text(encoding="utf-8").splitlines()):
        return f"{file.relative_to(root)} has no line {line[1]}"
    return None


def problems(root):
    """A line for each link that leads nowhere, in README.md and all of docs/."""
    root = pathlib.Path(root).resolve()
    found = []
    for page in [root / "README.md", *sorted((root / "docs").rglob("*.md"))]:
        if page.exists():
            for number, target in targets(page.read_text(encoding="utf-8")):
                wrong = problem_with(target, page, root)
                if wrong:
                    found.append(f"{page.relative_to(root)}:{number}: link to {target}: {wrong}")
    return found
