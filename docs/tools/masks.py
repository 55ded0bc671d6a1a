"""Values that change from run to run: masks for them, and names.

A masked value is compared by kind and not by value; the text around it must be
the same, except for the number of spaces. Values of the kinds in ONE_TO_ONE
must also correspond: equal values on the page must be equal in the run, and
different ones different. So a page that shows two namespaces with different
inodes requires that they differ.

A captured value has a name. From then on, the page's value for it stands for the
run's.
"""

import re

from pages import BookError

DATE = r"\d{4}-\d\d-\d\d|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} +\d+|[A-Z][a-z]{2} [ \d]\d +(?:\d\d:\d\d|\d{4})"
# In the order in which they are searched for.
MASKS = {
    "path": r"(?<![\w./-])(?!/(?:sys|proc|run|dev)/)(?:/[\w.+-]+)*/mydocker(?![\w.-])",
    "id": r"\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b",
    "ns": r"\b402[6-9]\d{6}\b",
    "kernel": r"\b[3-9]\.\d+\.\d+[\w.+~-]*",
    "time": DATE + r"|\b\d+:\d\d(?::\d\d)?(?:[.,]\d+)?|\b\d+(?:\.\d+)? ?(?:ns|us|µs|ms|s|sec|seconds|min)\b",
    "tty": r"\bpts/\d+|\btty\w+|(?<=\s)\?(?=\s)",
    "size": r"\b\d+(?:[.,]\d+)? ?(?:[KMGT]i?B?|kB|B|bytes)\b",
    "mem": r"\b\d{4,20}\b",
    "pid": r"(?<![\w.])\d{2,7}(?![\w.]*\w)",
    "num": r"\d+(?:\.\d+)?",
}
ONE_TO_ONE = ("id", "ns", "pid")
LEAST_TYPED = 3  # shorter values are never replaced in typed text


def check_name(name, where):
    if name not in MASKS:
        raise BookError(f"{where}: there is no mask '{name}'; there are {', '.join(MASKS)}")


def token(value):
    """The value as a separate word, not as part of a longer one."""
    return re.compile(r"(?<!\w)" + re.escape(value) + r"(?!\w)")


class Values:
    """Which value of the page corresponds to which of the run."""

    def __init__(self):
        self.named = {}  # name: (page's value, run's value)
        self.pairs = {}  # kind: ({page: run}, {run: page}), for one session and those that continue it

    def forget_pairs(self):
        self.pairs = {}

    def capture(self, name, pattern, shown, got):
        """Looks in both outputs: returns None if the page's has no such value, else the error, "" if there is none."""
        on_page = next((match for match in map(pattern.search, shown) if match), None)
        if on_page is None:
            return None
        in_run = next((match for match in map(pattern.search, got) if match), None)
        if in_run is None:
            return f"capture={name}: nothing in the output matches {pattern.pattern}"
        before = self.named.get(name)
        if before and before != (on_page[1], in_run[1]):
            return f"'{name}' was {before[0]} on the page and {before[1]} in the run, now {on_page[1]} and {in_run[1]}"
        self.named[name] = (on_page[1], in_run[1])
        return ""

    def relation(self, names, same):
        """The error if the named values are not all the same, or not all different, as required; or None."""
        for name in names:
            if name not in self.named:
                return f"no session before captured '{name}'"
        for which, where in ((0, "on the page"), (1, "in the run")):
            values = [self.named[name][which] for name in names]
            if len(set(values)) != (1 if same else len(values)):
                told = ", ".join(f"{name}={value}" for name, value in zip(names, values))
                return f"{'same' if same else 'differ'}={','.join(names)} does not hold {where}: {told}"
        return None

    def known(self):
        """{page's value: run's value}, for all known values."""
        found = {page: run for pages, _ in self.pairs.values() for page, run in pages.items()}
        found.update(dict(self.named.values()))
        return found

    def to_type(self, text):
        """A command for the run to type: with the run's values in place of the page's."""
        return self._replace(text, {page: run for page, run in self.known().items() if len(page) >= LEAST_TYPED})

    def for_page(self, line):
        """A line of the run as the page would show it."""
        return self._replace(line, {run: page for page, run in self.known().items()})

    @staticmethod
    def _replace(text, table):
        if not table:
            return text
        # All at once: inserted text must not be replaced again.
        every = "|".join(re.escape(value) for value in sorted(table, key=len, reverse=True))
        return re.sub(rf"(?<!\w)(?:{every})(?!\w)", lambda match: table[match[0]], text)

    def shape(self, line, kinds, run):
        """(the line with names in place of values, [(kind, value), …]); `run` is whether it is the run's line."""
        for name, values in self.named.items():
            line = token(values[1 if run else 0]).sub(f"<{name}>", line)
        wanted = [kind for kind in MASKS if kind in kinds]
        if not wanted:
            return line.rstrip(), []
        found = []

        def remember(match):
            if match.lastgroup:
                found.append((match.lastgroup, match[0]))
                return f" <{match.lastgroup}> "
            return match[0]

        every = "|".join([r"<[^>]*>", *(f"(?P<{kind}>{MASKS[kind]})" for kind in wanted)])
        return " ".join(re.sub(every, remember, line).split()), found
