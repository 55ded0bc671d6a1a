"""Regions of source files: what a page can show.

    // #region spawn
    ...
    // #endregion spawn

In files whose comments begin with # the marker is `# #region spawn`. Regions
may be nested; their marker lines are never shown.
"""

import pathlib
import re
import textwrap

from pages import BookError

MARKER = re.compile(r"^\s*(?://|#)\s*#(?P<what>region|endregion)\b[ \t]*(?P<name>.*?)\s*$")
NAME = re.compile(r"^[A-Za-z0-9_-]+$")
# The folders of sources. The book's own folder is not searched.
SOURCES = ("Makefile", "chapters", "common", "doctor", "scripts", "tests", "vagrant", ".ci")


class Source:
    """A source file and its regions: {name: lines}."""

    def __init__(self, path, root):
        self.name = str(pathlib.Path(path).relative_to(root))
        self.lines = pathlib.Path(path).read_text(encoding="utf-8").splitlines()
        self.regions = {}
        self.problems = []
        self._parse()

    def _parse(self):
        opened, seen = {}, {}
        for number, line in enumerate(self.lines, 1):
            marker = MARKER.match(line)
            if not marker:
                for name in opened:
                    self.regions[name].append(line)
                continue
            name, where = marker["name"], f"{self.name}:{number}"
            if not NAME.match(name):
                self.problems.append(f"{where}: #{marker['what']} wants one name of letters, digits, - and _: '{name}'")
            elif marker["what"] == "endregion":
                if opened.pop(name, None) is None:
                    self.problems.append(f"{where}: #endregion {name} ends a region that is not open")
            elif name in seen:
                self.problems.append(f"{where}: region '{name}' is doubled: line {seen[name]} has one of that name")
            else:
                opened[name] = seen[name] = number
                self.regions[name] = []
        for name, number in opened.items():
            self.problems.append(f"{self.name}:{number}: region '{name}' is never closed:"
                                 f" no line '#endregion {name}' follows")
            del self.regions[name]

    def text(self, region=None):
        """The lines to show, without markers and common indentation."""
        if region is None:
            lines = [line for line in self.lines if not MARKER.match(line)]
        elif region in self.regions:
            lines = self.regions[region]
        else:
            raise KeyError(region)
        lines = textwrap.dedent("\n".join(lines)).split("\n")
        while lines and not lines[0]:
            lines.pop(0)
        while lines and not lines[-1]:
            lines.pop()
        return lines


def all_sources(root):
    """Every text file that may have regions: {name: Source}."""
    found = {}
    for top in SOURCES:
        path = pathlib.Path(root) / top
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                try:
                    found[str(file.relative_to(root))] = Source(file, root)
                except UnicodeDecodeError:
                    continue  # not text: nothing to show
    return found


def shown_text(page, block, sources):
    """The lines that the code block's directive requests."""
    directive = block.directive
    where = f"{page.name}:{directive.line}"
    words = directive.text.split()
    unknown = set(directive.words) - {"region"} - set(words[:1])
    if not words or unknown:
        raise BookError(f"{where}: write <!-- code: FILE --> or <!-- code: FILE region=NAME -->")
    file, region = words[0], (directive.words.get("region") or [None])[0]
    if file not in sources:
        raise BookError(f"{where}: there is no source file {file} (sources are in {', '.join(SOURCES)})")
    try:
        return file, region, sources[file].text(region)
    except KeyError:
        known = ", ".join(sorted(sources[file].regions)) or "none"
        raise BookError(f"{where}: {file} has no region '{region}'; it has: {known}") from None
