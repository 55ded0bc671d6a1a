"""A small project with one chapter and a true book, for the tests to damage."""

import os
import pathlib
import subprocess
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[1]
BOOK = TOOLS / "book.py"

SOURCE = """\
int Shown() {
  // #region body
  int one = 1;
  // #region inner
  return one;
  // #endregion inner
  // #endregion body
}
"""

PAGE = """\
# Chapter 1: one

## Where we are

![one](img/one.svg), then [the idea](#the-idea).

## The idea
## The code

<!-- code: chapters/01-one/main.cc region=body -->
```cpp
int one = 1;
return one;
```

<!-- code: chapters/01-one/main.cc region=inner -->
```cpp
return one;
```

## Run it

<!-- session: -->
```console
$ echo one
one
```

<!-- session: -->
```console
$ echo two
two
```

<!-- session: -->
```console
$ sh
$ exit
```

<!-- session: -->
```console
$ false
[1]
```

## Look from outside
## Break it
## What Docker does
## What differs from the article
## Exercises
"""
# A shell started at "$ " shows "# " to root; the fixture does not depend on the user.
PAGE = PAGE.replace("<!-- session: -->\n```console\n$ sh", "<!-- session: inside=$ -->\n```console\n$ sh")

FILES = {
    "README.md": "# Project\n\n| 1 | [one](chapters/01-one/main.cc) |\n",
    "chapters/01-one/main.cc": SOURCE,
    "tests/chapters/one_test.cc": "\n",
    "docs/img/one.svg": "<svg/>\n",
    "docs/01-one.md": PAGE,
}


class ProjectTest(unittest.TestCase):
    """Each test has a fresh project."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="book-test-")
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def read(self, name):
        return (self.root / name).read_text()

    def change(self, name, old, new):
        text = self.read(name)
        self.assertIn(old, text)
        self.write(name, text.replace(old, new, 1))

    def book(self, *arguments, status=0, **environment):
        """Runs book.py, checks its exit status, and returns its output."""
        known = {name: value for name, value in os.environ.items() if name not in ("CI", "MYDOCKER_LAB")}
        done = subprocess.run([BOOK, *arguments, "--root", self.root], env={**known, **environment}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout)
        return done.stdout
