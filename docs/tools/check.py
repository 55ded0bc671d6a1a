"""The checks of the book that need not run it: `book.py check` and `write`."""

import difflib
import pathlib
import re

import links
import pictures
import sessions
import sources
from masks import MASKS
from pages import BookError, Page, book_pages
from regions import all_sources, shown_text

# The parts of a chapter's page, in this order; other headings may stand between.
PARTS = (
    "Where we are",
    "The idea",
    "The code",
    "Run it",
    "Look from outside",
    "Break it",
    "What Docker does",
    "What differs from the article",
    "Exercises",
)
MOST_NOT_RUN = 5
LEAST_SESSIONS = 4
CHAPTER = re.compile(r"^\d\d-")
# A sleep that waits blindly for something: too long on one machine, too short
# on another. In a loop that checks for it, or as a container's command, sleep
# is allowed.
BLIND_WAIT = re.compile(r"(?:^|[;&|({'\"]|\bthen\b)\s*sleep [\d.]+\s*(?:;|&&|\|\||\n)|^\s*sleep [\d.]+\s*$")


class Checker:
    """Collects problems, one line or more each, and counts."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.problems = []
        self.counts = {}
        self.pages = []
        for path in book_pages(self.root):
            try:
                self.pages.append(Page(path, self.root))
            except BookError as error:
                self.problems.append(str(error))
        self.sources = all_sources(self.root)

    def run(self):
        self.check_code()
        self.check_blocks()
        self.check_flags()
        self.check_chapters()
        self.problems += links.problems(self.root)
        self.problems += sources.problems(self.root)
        self.problems += pictures.problems(self.root)
        return self.problems

    def check_code(self):
        """Each code block equals its source, and each region is on some page."""
        for source in self.sources.values():
            self.problems += source.problems
        used = set()
        for page in self.pages:
            for block in page.of_kind("code"):
                try:
                    file, region, wanted = shown_text(page, block, self.sources)
                except BookError as error:
                    self.problems.append(str(error))
                    continue
                used.add((file, region))
                if block.body != wanted:
                    what = f"{file} region '{region}'" if region else file
                    self.problems.append(
                        f"{page.name}:{block.line}: not what {what} says; `make docs` writes it anew:\n"
                        + diff(block.body, wanted, "the page", what))
        for file, source in self.sources.items():
            for region in source.regions:
                if (file, region) not in used:
                    self.problems.append(f"{file}: region '{region}' is used by no page; show it, or remove its markers")

    def check_blocks(self):
        """Every block of code or terminal output is checked by something, and every session can be parsed."""
        not_run = []
        for page in self.pages:
            for block in page.blocks:
                if block.directive is None:
                    self.problems.append(f"{page.name}:{block.line}: nothing checks this block; give it a comment"
                                         " 'code:' or 'session:', or 'not-run: REASON' (docs/tools/README.md)")
            for line in page.indented_code:
                self.problems.append(f"{page.name}:{line}: code that is only indented cannot be checked; use a fenced block")
            for block in page.of_kind("not-run"):
                not_run.append(f"{page.name}:{block.directive.line}")
                if not block.directive.text:
                    self.problems.append(f"{not_run[-1]}: 'not-run:' wants a reason")
            try:
                read = [session for chain in sessions.chains(page) for session in chain]
            except BookError as error:
                self.problems.append(str(error))
                continue
            for session in read:
                self.check_session(page, session)
            if is_chapter(page) and len(read) < LEAST_SESSIONS:
                self.problems.append(f"{page.name}: {len(read)} sessions; a chapter's page has at least {LEAST_SESSIONS}")
            self.counts[page.name] = (len(page.of_kind("code")), len(read))
        if len(not_run) > MOST_NOT_RUN:
            self.problems.append(f"{len(not_run)} blocks are marked not-run, of {MOST_NOT_RUN} in the whole book: "
                                 + ", ".join(not_run))

    def check_session(self, page, session):
        """Every mask hides something, and no sleep waits blindly."""
        output = "\n".join(line for step in session.steps for line in step.output)
        for mask in session.masks:
            if not re.search(MASKS[mask], output, re.MULTILINE):
                self.problems.append(f"{session.where}: mask={mask} is for nothing that this session shows; leave it out")
        for step in session.steps:
            if BLIND_WAIT.search(step.text) and not step.is_comment:
                self.problems.append(f"{page.name}:{step.line}: sleep waits for a time, not for what has to happen;"
                                     " look for that in a loop: until …; do sleep 0.1; done")

    def check_flags(self):
        """Each flag of `run` is named on the page of the chapter that introduces it."""
        for source in sorted((self.root / "common" / "container").glob("*.cc")):
            header = source.with_suffix(".h").read_text(encoding="utf-8")
            chapter = int(re.match(r"// From chapter (\d+)\.", header)[1])
            page = next((page for page in self.pages if page.name.startswith(f"docs/{chapter:02}-")), None)
            text = page and "\n".join(page.lines)
            for flag in re.findall(r"^ABSL_FLAG\([^,]+,\s*(\w+),", source.read_text(encoding="utf-8"), re.MULTILINE):
                name = "-" + flag.replace("_", "-")
                if not text or not re.search(rf"(?<![\w-]){name}(?![\w-])", text):
                    self.problems.append(f"{source.relative_to(self.root)}: the flag {name} is named nowhere on the page"
                                         f" of chapter {chapter}")

    def check_chapters(self):
        """Folder, program, page, test and a row in the README for each chapter; the parts in each page."""
        readme = self.root / "README.md"
        rows = [line for line in readme.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
        for folder in sorted((self.root / "chapters").iterdir()):
            if not folder.is_dir() or not CHAPTER.match(folder.name):
                continue
            test = folder.name.partition("-")[2].replace("-", "_")
            for what, there in (
                ("program, main.cc", (folder / "main.cc").exists()),
                (f"page, docs/{folder.name}.md", (self.root / "docs" / f"{folder.name}.md").exists()),
                (f"test, tests/chapters/{test}*_test.cc or tests/grade/{test}_checks.cc",
                 any(self.root.glob(f"tests/chapters/{test}*_test.cc"))
                 or (self.root / f"tests/grade/{test}_checks.cc").exists()),
                ("row in README.md", any(f"chapters/{folder.name}" in row for row in rows)),
            ):
                if not there:
                    self.problems.append(f"chapters/{folder.name} has no {what}")
        for page in filter(is_chapter, self.pages):
            headings = [line[3:].strip() for line in page.prose if line.startswith("## ")]
            missing = [part for part in PARTS if part not in headings]
            for part in missing:
                self.problems.append(f"{page.name}: the heading '## {part}' is missing")
            found = [heading for heading in headings if heading in PARTS]
            if not missing and found != list(PARTS):
                self.problems.append(f"{page.name}: its parts are not in the book's order: {', '.join(PARTS)}")
            if not any(re.search(r"!\[|<img ", line) for line in page.prose):
                self.problems.append(f"{page.name}: a chapter's page has a picture, and this has none")


def is_chapter(page):
    return bool(re.match(r"docs/\d\d-", page.name))


def diff(old, new, old_name, new_name):
    lines = difflib.unified_diff(old, new, old_name, new_name, lineterm="", n=2)
    return "\n".join("    " + line for line in lines)


def check(root):
    """Prints what is wrong; returns the exit status."""
    checker = Checker(root)
    problems = checker.run()
    for name, (code, found) in checker.counts.items():
        print(f"{name}: {code} code blocks, {found} sessions")
    for problem in problems:
        print(f"FAIL {problem}")
    print(f"{len(checker.counts)} pages, {sum(code for code, _ in checker.counts.values())} code blocks,"
          f" {sum(found for _, found in checker.counts.values())} sessions, {len(problems)} problems")
    return 1 if problems else 0


def write(root):
    """Writes the code blocks from the sources, and the pictures; returns the exit status."""
    checker = Checker(root)
    problems = list(checker.problems)
    for source in checker.sources.values():
        problems += source.problems
    for page in checker.pages:
        bodies = {}
        for block in page.of_kind("code"):
            try:
                bodies[block.start] = shown_text(page, block, checker.sources)[2]
            except BookError as error:
                problems.append(str(error))
        text = page.with_bodies(bodies)
        if text != "\n".join(page.lines):
            page.path.write_text(text, encoding="utf-8")
            print(f"wrote {page.name}")
    problems += pictures.draw(root)
    for problem in problems:
        print(f"FAIL {problem}")
    return 1 if problems else 0
