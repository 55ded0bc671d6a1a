"""Compares a page's output with a run's: whether they are equal, how they differ, what to write instead."""

import difflib

from masks import ONE_TO_ONE

ELLIPSIS = "..."


class Comparison:
    """`shown` is the page's, `got` the run's; `...` stands for any number of lines."""

    def __init__(self, shown, got, kinds, values):
        self.values, self.shown, self.got = values, shown, got
        self.shown_shapes = [None if line == ELLIPSIS else values.shape(line, kinds, run=False) for line in shown]
        self.got_shapes = [values.shape(line, kinds, run=True) for line in got]

    def matches(self):
        """Returns whether they are the same; if so, remembers which values correspond."""
        pairs = self._match(0, 0, copy(self.values.pairs))
        if pairs is None:
            return False
        self.values.pairs = pairs
        return True

    def _match(self, at, line, pairs):
        while at < len(self.shown):
            if self.shown_shapes[at] is None:
                for start in range(line, len(self.got) + 1):
                    found = self._match(at + 1, start, copy(pairs))
                    if found is not None:
                        return found
                return None
            if line == len(self.got) or not self._line_matches(at, line, pairs):
                return None
            at, line = at + 1, line + 1
        return pairs if line == len(self.got) else None

    def _line_matches(self, at, line, pairs):
        if self.shown_shapes[at] is None:
            return False
        (shape, ours), (got_shape, theirs) = self.shown_shapes[at], self.got_shapes[line]
        return shape == got_shape and all(
            pair(pairs, kind, page, run) for (kind, page), (_, run) in zip(ours, theirs) if kind in ONE_TO_ONE)

    def _opcodes(self):
        ours = [ELLIPSIS if shape is None else shape[0] for shape in self.shown_shapes]
        return difflib.SequenceMatcher(None, ours, [shape for shape, _ in self.got_shapes], autojunk=False).get_opcodes()

    def difference(self):
        """The expected and the actual output for people, marked - and +."""
        lines, differs = [], False
        for what, a, b, c, d in self._opcodes():
            if what == "equal":
                lines += ["  " + line for line in self.shown[a:b]]
                continue
            differs = differs or self.shown[a:b] != [ELLIPSIS]
            lines += ["- " + line for line in self.shown[a:b]] + ["+ " + line for line in self.got[c:d]]
        if not differs:
            lines = ["- " + line for line in self.shown] + ["+ " + line for line in self.got]
            lines.append("(only values differ: what is the same on the page must be the same in the run, and what"
                         " differs must differ)")
        return "\n".join("    " + line for line in ["expected (-), got (+):", *lines])

    def merged(self):
        """The page's correct output: its own lines where they are still valid."""
        lines = []
        for what, a, b, c, d in self._opcodes():
            ours, theirs = self.shown[a:b], [self.values.for_page(line) for line in self.got[c:d]]
            if what == "equal":
                lines += ours
                for at, line in zip(range(a, b), range(c, d)):
                    self._line_matches(at, line, self.values.pairs)
            elif ELLIPSIS in ours:
                # As many lines around it as before.
                before, after = ours.index(ELLIPSIS), ours[::-1].index(ELLIPSIS)
                lines += [*theirs[:before], ELLIPSIS, *theirs[max(before, len(theirs) - after):]]
            else:
                lines += theirs
        return lines


def copy(pairs):
    return {kind: (dict(pages), dict(runs)) for kind, (pages, runs) in pairs.items()}


def pair(pairs, kind, page, run):
    """Records that they correspond; False if one of them has another partner."""
    pages, runs = pairs.setdefault(kind, ({}, {}))
    return pages.setdefault(page, run) == run and runs.setdefault(run, page) == page
