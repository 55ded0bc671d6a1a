"""Sessions of a page: blocks of typed lines and their output, parsed into steps.

    $ typed at the host's shell
    # typed at the prompt of the shell that was started: the container's
    host$ typed in a second terminal, at the host's shell
    > the next line of what was typed
    ^C is pressed in the first terminal
    output; `...` alone stands for lines left out
    [3] is the exit status, where it is not 0
"""

import dataclasses
import re

import masks
import needs
from pages import BookError

PROMPT = re.compile(r"^(?P<prompt>\$|#|host\$)(?: (?P<text>.*))?$")
STATUS = re.compile(r"^\[(\d+)\]$")
ELLIPSIS = "..."
SECONDS = 60  # for one command, unless timeout= says otherwise
WORDS = {"needs", "mask", "capture", "same", "differ", "timeout", "continues", "retry", "host", "inside"}


@dataclasses.dataclass
class Capture:
    """A value in the output that has a name from here to the page's end."""

    name: str
    pattern: re.Pattern


@dataclasses.dataclass
class Step:
    """One typed command (or ^C) with its output according to the page."""

    prompt: str  # "$", "#", "host$" or "^C"
    line: int  # of the page
    typed: list  # its lines as in the page, with prompts
    text: str  # what to type
    output: list = dataclasses.field(default_factory=list)
    status: int = 0
    stays: bool = False  # in the foreground until ^C

    @property
    def terminal(self):
        return 2 if self.prompt == "host$" else 1

    @property
    def is_comment(self):
        return self.text.lstrip().startswith("#")

    def lines(self, output=None, status=None):
        """The step as a page shows it."""
        output = self.output if output is None else output
        status = self.status if status is None else status
        return [*self.typed, *output, *([f"[{status}]"] if status else [])]


@dataclasses.dataclass
class Session:
    """A session block."""

    page: str
    line: int
    start: int  # its place in Page.lines
    needs: list
    masks: list
    captures: list
    same: list
    differ: list
    timeout: int
    continues: bool
    retry: bool
    host: bool
    inside: str  # the prompt of the shell inside
    steps: list

    @property
    def where(self):
        return f"{self.page}:{self.line}"

    @property
    def commands(self):
        return sum(not step.is_comment and step.prompt != "^C" for step in self.steps)


def read_session(page, block):
    """The block as a Session; BookError names what cannot be parsed."""
    words, where = block.directive, f"{page.name}:{block.directive.line}"
    unknown = set(words.words) - WORDS
    if unknown:
        raise BookError(f"{where}: a session has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(WORDS))}")
    for name in words.list_of("needs"):
        needs.check_name(name, where)
    for name in words.list_of("mask"):
        masks.check_name(name, where)
    captures = []
    for value in words.words.get("capture", []):
        name, _, pattern = (value or "").partition(":")
        try:
            compiled = re.compile(pattern)
        except re.error as error:
            raise BookError(f"{where}: capture={value}: {error}") from None
        if not name or compiled.groups != 1:
            raise BookError(f"{where}: write capture=NAME:REGEX with one ( ) in REGEX, not capture={value}")
        captures.append(Capture(name, compiled))
    timeout = (words.words.get("timeout") or [str(SECONDS)])[-1]
    if not (timeout or "").isdigit():
        raise BookError(f"{where}: timeout={timeout} is no number of seconds")
    inside = (words.words.get("inside") or ["#"])[-1]
    if inside not in ("#", "$"):
        raise BookError(f"{where}: inside={inside}: the prompt inside is # or $")
    steps = _read_steps(page, block)
    for step in steps:
        if "user" in words.list_of("needs") and re.search(r"\bsudo\b", step.text):
            raise BookError(f"{page.name}:{step.line}: the ordinary user of needs=user cannot use sudo")
    return Session(
        page.name, words.line, block.start, words.list_of("needs"), words.list_of("mask"), captures,
        words.list_of("same"), words.list_of("differ"), int(timeout), "continues" in words.words,
        "retry" in words.words, "host" in words.words, inside, steps)


def _read_steps(page, block):
    steps = []
    for number, line in enumerate(block.body, block.line + 1):
        prompt = PROMPT.match(line)
        last = steps[-1] if steps else None
        if prompt:
            steps.append(Step(prompt["prompt"], number, [line], prompt["text"] or ""))
        elif line == "^C":
            steps.append(Step("^C", number, [line], ""))
        elif last is None:
            raise BookError(f"{page.name}:{number}: a session begins with a prompt ($, # or host$), not with '{line}'")
        elif re.match(r"^>( |$)", line) and not last.output and not last.status and last.prompt != "^C":
            last.typed.append(line)
            last.text += "\n" + line[2:]
        elif last.status:
            raise BookError(f"{page.name}:{number}: output after the exit status of '{last.text}'")
        elif STATUS.match(line):
            last.status = int(STATUS.match(line)[1])
        else:
            last.output.append(line.rstrip())
    first = [step for step in steps if step.terminal == 1]
    for step, following in zip(first, first[1:]):
        step.stays = following.prompt == "^C"
    return steps


def chains(page):
    """The page's sessions; a session and those that continue it are in one list."""
    found = []
    for block in page.of_kind("session"):
        session = read_session(page, block)
        if not session.continues:
            found.append([session])
        elif found:
            found[-1].append(session)
        else:
            raise BookError(f"{session.where}: there is no session before it that it could continue")
    return found
