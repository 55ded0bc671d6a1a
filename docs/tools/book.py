#!/usr/bin/python3
"""Keeps the pages of the book true. README.md, beside this file, is for those who write pages.

  book.py check             code blocks, links, pictures, parts: changes nothing
  book.py write             writes the code blocks from the sources, draws the pictures
  book.py test [PAGE...]    runs the sessions and compares
  book.py update [PAGE...]  runs them and writes what came out into the pages

(Debian's own python3, by its full path: that is the one with python3-pexpect.)
"""

import argparse
import os
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True  # the tree may be another user's
ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPS = "docs/tools/skips.txt"


def environment_name():
    """The environment for which skips are counted: the lab's mode, "ci", or none."""
    return os.environ.get("MYDOCKER_LAB") or ("ci" if os.environ.get("CI") else None)


def committed_skips(root, environment):
    """The number of skips that SKIPS allows there, or None if it has no entry."""
    file = root / SKIPS
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else []:
        words = line.partition("#")[0].split()
        if words and words[0] == environment:
            return int(words[1])
    return None


def chosen_pages(root, names):
    from pages import book_pages

    every = book_pages(root)
    chosen = [path for path in every if not names or any(name in (path.name, path.stem) or
              path == pathlib.Path(name).resolve() for name in names)]
    if not chosen:
        sys.exit(f"book.py: no page is called {' or '.join(names)}; there are: "
                 + " ".join(path.stem for path in every))
    return chosen


def report(result):
    sessions_run = result.count("passed") + result.count("failed")
    print(f"{result.name}: {result.code_blocks} code blocks, {sessions_run} sessions run,"
          f" {result.commands} commands, {result.count('skipped')} skipped")
    for outcome in result.outcomes:
        if outcome.kind == "skipped":
            print(f"  skipped {outcome.where}: {'; '.join(outcome.messages)}")
        elif outcome.kind == "failed":
            for message in outcome.messages:
                print(f"  FAIL {message}")
    sys.stdout.flush()


def run_sessions(root, names, max_skips, update):
    """`test` and `update`; returns the exit status."""
    try:
        from runner import run_page
    except ModuleNotFoundError as error:
        sys.exit(f"book.py: {error}; as root: vagrant/provision.sh packages docs")
    counts = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for path in chosen_pages(root, names):
        result = run_page(path, root, update)
        report(result)
        for kind in counts:
            counts[kind] += result.count(kind)
        if update and result.text is not None and result.text != path.read_text(encoding="utf-8"):
            path.write_text(result.text, encoding="utf-8")
            print(f"  wrote {result.name}: read the difference")
    environment = environment_name()
    if max_skips is None and environment and not names:
        max_skips = committed_skips(root, environment)
        if max_skips is not None and counts["skipped"] < max_skips:
            print(f"{SKIPS} allows {max_skips} skips for {environment}: write {counts['skipped']} there")
    if max_skips is not None and counts["skipped"] > max_skips:
        print(f"FAIL {counts['skipped']} sessions were skipped, and {max_skips} may be"
              + (f" ({SKIPS}, {environment})" if environment else ""))
        counts["failed"] += 1
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**counts))
    return 1 if counts["failed"] else 0


def become_root():
    """The sessions need namespaces, so this runs as root, like the tests."""
    if os.geteuid() != 0 and shutil.which("sudo"):
        keep = "--preserve-env=CI,MYDOCKER_LAB"
        os.execvp("sudo", ["sudo", keep, "--", sys.executable, *sys.argv])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["check", "write", "test", "update"])
    parser.add_argument("page", nargs="*", help="its path or name, e.g. 03-pid-ns; all unless given")
    parser.add_argument("--max-skips", type=int, help=f"fail when more sessions are skipped ({SKIPS})")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="the project, for the tests of these tools")
    options = parser.parse_args()
    root = options.root.resolve()
    if options.command in ("check", "write"):
        import check

        return check.check(root) if options.command == "check" else check.write(root)
    become_root()
    return run_sessions(root, options.page, options.max_skips, options.command == "update")


if __name__ == "__main__":
    sys.exit(main())
