"""Pages of the book: Markdown files, and the fenced blocks and directives in them.

A directive is an HTML comment in the line (or lines) before a fenced block:

    <!-- session: needs=root,cgroup1 mask=pid -->

It has a kind, the kind's subject, and words: NAME or NAME=VALUE; a VALUE with
spaces is in double quotes.
"""

import dataclasses
import pathlib
import re

KINDS = ("code", "session", "not-run")

FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)$")
COMMENT_START = re.compile(r"^ *<!-- *(%s)\s*:" % "|".join(KINDS))
WORD = re.compile(r'([^\s="]+)(?:=("[^"]*"|\S*))?')
LIST_ITEM = re.compile(r"^ *([-*+]|\d+[.)]) ")


class BookError(Exception):
    """An error that the writer of a page can fix, with its place."""


@dataclasses.dataclass
class Directive:
    """A comment about the block after it."""

    kind: str
    line: int  # of the page, from 1
    text: str  # all after the colon
    words: dict  # NAME: [VALUE, ...]; a bare word has the value None

    def list_of(self, name):
        """The values of `name`, split at commas."""
        return [part for value in self.words.get(name, []) for part in (value or "").split(",") if part]


@dataclasses.dataclass
class Block:
    """A fenced block; `start` and `end` are the indices of its fences in Page.lines."""

    info: str
    start: int
    end: int
    indent: str
    body: list  # its lines, without the fence's indentation
    directive: Directive | None

    @property
    def line(self):
        return self.start + 1


class Page:
    """A Markdown file, split into blocks."""

    def __init__(self, path, root):
        self.path = pathlib.Path(path)
        self.name = str(self.path.relative_to(root))
        self.lines = self.path.read_text(encoding="utf-8").split("\n")
        self.blocks = []
        self.prose = []  # the lines outside blocks; lines inside blocks are empty
        self.indented_code = []  # line numbers of code blocks that are indented, not fenced
        self._parse()

    def _parse(self):
        directive, index = None, 0
        self.prose = list(self.lines)
        while index < len(self.lines):
            line = self.lines[index]
            if COMMENT_START.match(line):
                if directive:
                    raise self._stray(directive)
                directive, index = self._directive(index)
                continue
            fence = FENCE.match(line)
            if fence:
                index = self._block(index, fence, directive)
                directive = None
                continue
            if directive:
                raise self._stray(directive)
            if re.match(r"^ {4,}\S", line) and self._starts_indented_code(index):
                self.indented_code.append(index + 1)
            index += 1
        if directive:
            raise self._stray(directive)

    def _stray(self, directive):
        return BookError(f"{self.name}:{directive.line}: no fenced block follows this '{directive.kind}' comment;"
                         " put it in the line before the block")

    def _starts_indented_code(self, index):
        """A line with four spaces after an empty line is code, but in a list it is the list's text."""
        if index and self.prose[index - 1].strip():
            return False
        before = [text for text in self.prose[:index] if text.strip()]
        return not before or not (LIST_ITEM.match(before[-1]) or before[-1].startswith(" "))

    def _directive(self, index):
        start, text = index, self.lines[index]
        while "-->" not in text:
            index += 1
            if index == len(self.lines):
                raise BookError(f"{self.name}:{start + 1}: this comment is never closed with -->")
            text += " " + self.lines[index]
        for number in range(start, index + 1):
            self.prose[number] = ""
        kind, _, rest = text.strip()[len("<!--"):].partition(":")
        rest = rest[:rest.index("-->")].strip()
        words = {}
        for match in WORD.finditer(rest):
            value = match.group(2)
            words.setdefault(match.group(1), []).append(value.strip('"') if value is not None else None)
        return Directive(kind.strip(), start + 1, rest, words), index + 1

    def _block(self, start, fence, directive):
        indent, mark = fence["indent"], fence["fence"]
        closing = re.compile(r"^ *%s{%d,} *$" % (re.escape(mark[0]), len(mark)))
        end = start + 1
        while end < len(self.lines) and not closing.match(self.lines[end]):
            end += 1
        if end == len(self.lines):
            raise BookError(f"{self.name}:{start + 1}: this fenced block is never closed")
        body = [line.removeprefix(indent) for line in self.lines[start + 1:end]]
        for number in range(start, end + 1):
            self.prose[number] = ""
        self.blocks.append(Block(fence["info"].strip(), start, end, indent, body, directive))
        return end + 1

    def of_kind(self, kind):
        return [block for block in self.blocks if block.directive and block.directive.kind == kind]

    def with_bodies(self, bodies):
        """The page's text with other bodies for some of its blocks: {block's start: lines}."""
        lines, at = [], 0
        for block in self.blocks:
            if block.start in bodies:
                lines += self.lines[at:block.start + 1]
                lines += [(block.indent + line).rstrip() for line in bodies[block.start]]
                at = block.end
        return "\n".join(lines + self.lines[at:])


def book_pages(root):
    """The files for readers, in order: README.md, then docs/*.md."""
    root = pathlib.Path(root)
    readme = root / "README.md"
    return [path for path in [readme, *sorted((root / "docs").glob("*.md"))] if path.exists()]
