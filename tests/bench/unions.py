#!/usr/bin/env python3
"""How fast chapter 11's union is, beside overlayfs and two others in user space.

  unions.py BUILD [ROUNDS]    prints the tables; writes them into docs/bench.md where it has places for them

In each run all unions use the same layers, with their own upper directories, and take turns.
"""

import contextlib
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import page  # noqa: E402
from measure import say  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIMIT, OURS, FUSE_OVERLAYFS, UNIONFS = "overlayfs", "chapter 11", "fuse-overlayfs", "unionfs-fuse"
WITHOUT = ("timeouts", "keep-cache", "readdirplus", "splice", "passthrough", "passthrough,writeback")
DIRECTORIES, FILES = 200, 100  # 20,000 small files.
GIB = 1 << 30

# The tasks in the union, and whether each is about names and attributes.
ROWS = {
    "untar 20,000 small files": True,
    "find, first time": True,
    "find, again": True,
    "grep -r": True,
    "rm -rf what was unpacked": True,
    "rm -rf what a layer has": True,
    "read 1 GiB, first time": False,
    "read 1 GiB, again": False,
    "write 1 GiB": False,
    "4 KiB reads at random": False,
    "compile chapter 8": False,
}


def run(*command, **options):
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, **options)


def mounter(name, build, point, upper, work, lower):
    return {
        LIMIT: ["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", point],
        OURS: [f"{build}/chapters/11-fuse-union/run", "-lower", lower, "-upper", upper, point],
        FUSE_OVERLAYFS: ["fuse-overlayfs", "-o", f"lowerdir={lower},upperdir={upper},workdir={work}", point],
        UNIONFS: ["unionfs", "-o", "cow,allow_other,default_permissions", f"{upper}=RW:{lower}=RO", point],
    }[name]


@contextlib.contextmanager
def mounted(name, build, scratch, lower, extra=()):
    """Mounts a union over `lower` that the kernel has not cached, and yields the mount point."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        point, upper, work = (os.path.join(folder, part) for part in ("point", "upper", "work"))
        for directory in (point, upper, work):
            os.mkdir(directory)
        command = mounter(name, build, point, upper, work, str(lower))
        run(*command[:1], *extra, *command[1:], stderr=subprocess.DEVNULL)
        try:
            yield pathlib.Path(point)
        finally:
            run("umount", point)
            # Its process ends a moment later and then removes its directory beside the upper one.
            while os.path.exists(upper + ".union-work"):
                time.sleep(0.01)


def prepare(scratch):
    """The layer that all unions have, and an archive of small files."""
    lower = scratch / "lower"
    tree = lower / "tree"
    archive = scratch / "tree.tar"
    if not archive.exists():
        numbers = random.Random(11)
        for directory in range(DIRECTORIES):
            (tree / str(directory)).mkdir(parents=True)
            for file in range(FILES):
                (tree / str(directory) / str(file)).write_bytes(numbers.randbytes(numbers.randrange(100, 8000)))
        with (lower / "big").open("wb") as big:
            for _ in range(GIB >> 20):
                big.write(numbers.randbytes(1 << 20))
        sources = lower / "sources"
        for folder in ("chapters/08-run-init", "common"):
            shutil.copytree(ROOT / folder, sources / folder)
        run("tar", "-cf", str(archive), "-C", str(lower), "tree")
    return lower, archive


def forget():
    run("sync")
    pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")


def read_at_random(file):
    numbers = random.Random(4)
    fd = os.open(file, os.O_RDONLY)
    size = os.fstat(fd).st_size
    for _ in range(20000):
        os.pread(fd, 4096, numbers.randrange(size // 4096) * 4096)
    os.close(fd)


def compile_in(sources):
    objects = sources / "objects"
    objects.mkdir()
    for number, file in enumerate(sorted((sources / "chapters/08-run-init").glob("*.cc"))):
        run("g++", "-std=c++20", "-Os", f"-I{sources}", "-c", str(file), "-o", str(objects / f"{number}.o"))


def work_in(point, archive):
    """Does each row's work and yields the row and the seconds that it took."""
    def timed(row, action, *arguments):
        began = time.monotonic()
        action(*arguments)
        return row, time.monotonic() - began

    rows = iter(ROWS)
    yield timed(next(rows), run, "tar", "-xf", str(archive), "-C", str(point), "--transform=s/tree/new/")
    forget()
    yield timed(next(rows), run, "find", str(point / "tree"), "-type", "f", "-size", "+1")
    yield timed(next(rows), run, "find", str(point / "tree"), "-type", "f", "-size", "+1")
    # grep exits with 1 if it finds nothing, as intended here.
    yield timed(next(rows), run, "sh", "-c", f"grep -r {'x' * 30} {point / 'tree'} || [ $? = 1 ]")
    yield timed(next(rows), run, "rm", "-rf", str(point / "new"))
    yield timed(next(rows), run, "rm", "-rf", str(point / "tree"))
    forget()
    big = point / "big"
    yield timed(next(rows), run, "cat", str(big))
    yield timed(next(rows), run, "cat", str(big))
    yield timed(next(rows), run, "dd", "if=/dev/zero", f"of={point / 'written'}", "bs=1M", f"count={GIB >> 20}",
                "status=none")
    yield timed(next(rows), read_at_random, big)
    yield timed(next(rows), compile_in, point / "sources")


def measure(settings, build, scratch, rounds):
    """{setting: {row: [seconds, ...]}}; a setting is a name and flags."""
    lower, archive = prepare(scratch)
    times = {setting: {row: [] for row in ROWS} for setting in settings}
    for number in range(rounds):
        first = number % len(settings)
        for setting in settings[first:] + settings[:first]:
            say(f"round {number + 1} of {rounds}: {' '.join(setting)}")
            with mounted(setting[0], build, scratch, lower, setting[1:]) as point:
                for row, seconds in work_in(point, archive):
                    times[setting][row].append(seconds)
    return times


def part(times, row, one, other):
    return statistics.median(a / b for a, b in zip(times[one][row], times[other][row]))


def unions_table(times):
    ours = (OURS,)
    rows = []
    for row in ROWS:
        cells = [f"{statistics.median(times[setting][row]):.2f}" for setting in times]
        parts = [part(times, row, ours, other) for other in times if other != ours]
        rows.append([row, *cells, *(f"{value:.2f}" for value in parts)])
    names = [setting[0] for setting in times]
    return page.table(["seconds", *names, *(f"of {name}" for name in names if name != OURS)], rows)


def aims_table(times):
    """Each aim, and the rows that missed it."""
    ours, fuse_overlayfs, unionfs, limit = (OURS,), (FUSE_OVERLAYFS,), (UNIONFS,), (LIMIT,)
    against = {row: part(times, row, ours, fuse_overlayfs) for row in ROWS}
    slower = [f"{row}: {value:.2f}" for row, value in against.items() if value > 1]
    fast = [row for row, value in against.items() if value <= 0.7]
    names = [f"{row}: {value:.2f}" for row in ROWS if ROWS[row]
             for value in [part(times, row, ours, unionfs)] if value > 0.5]
    again = part(times, "read 1 GiB, again", ours, limit)
    missed = "missed in "
    return page.table(["aim", "what came"], [
        [f"never slower than {FUSE_OVERLAYFS}", missed + "; ".join(slower) if slower else "reached"],
        [f"at most 0.7 of {FUSE_OVERLAYFS} in at least half of the rows", f"in {len(fast)} of {len(ROWS)}"],
        [f"at most 0.5 of {UNIONFS} where it is about names", missed + "; ".join(names) if names else "reached"],
        ["what is in memory is read as fast as from overlayfs", f"{again:.2f} of its time"],
    ])


def without_table(times):
    """The gain of each kind of caching: the time without it, divided by the time with all."""
    head = [setting[-1] if len(setting) > 1 else "all" for setting in times]
    rows = [[row, *(f"{part(times, row, setting, (OURS,)):.2f}" for setting in times if len(setting) > 1)]
            for row in ROWS]
    return page.table(["without", *head[1:]], rows)


def main():
    build = os.path.abspath(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "--", sys.executable, *sys.argv])
    os.chdir(ROOT)
    os.nice(-19)
    scratch = pathlib.Path(build) / "bench" / "unions"
    scratch.mkdir(parents=True, exist_ok=True)
    unions = [(name,) for name in (LIMIT, OURS, FUSE_OVERLAYFS, UNIONFS)]
    times = measure(unions, build, scratch, rounds)
    without = measure([(OURS,)] + [(OURS, "-without", what) for what in WITHOUT], build, scratch, rounds)
    tables = {"unions": unions_table(times), "aims of chapter 11": aims_table(times),
              "without": without_table(without)}
    for name, lines in tables.items():
        print(name, "", *lines, "", sep="\n")
    text = (ROOT / "docs" / "bench.md").read_text()
    places = {name: lines for name, lines in tables.items() if f"<!-- measured: {name} -->" in text}
    if places:
        page.fill(ROOT / "docs" / "bench.md", places)
    shutil.rmtree(scratch)
    return 0


if __name__ == "__main__":
    sys.exit(main())
