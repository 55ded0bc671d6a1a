#!/usr/bin/python3
"""The exercises of chapter 10: history, diff, squash. The rest is the chapter's own program."""

import gzip
import hashlib
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile

OURS = pathlib.Path(__file__).resolve().parents[3] / "build/chapters/10-union-fs/run"
OPAQUE = ".wh..wh..opq"


def history(files):
    for file in files:
        with open(file, "rb") as archive:
            compressed = archive.read(2) == b"\x1f\x8b"
        with (gzip.open if compressed else open)(file, "rb") as archive:
            digest = hashlib.sha256(archive.read()).hexdigest()
        with tarfile.open(file) as archive:
            size = sum(member.size for member in archive if member.isfile())
        print(f"sha256:{digest}  {size} B  {file}")


def is_whiteout(path):
    state = path.lstat()
    return stat.S_ISCHR(state.st_mode) and state.st_rdev == 0


def is_opaque(path):
    try:
        return os.getxattr(path, "trusted.overlay.opaque", follow_symlinks=False) == b"y"
    except OSError:
        return False


def is_below(layers, path):
    """Returns whether the layers, the lowest first, show something there."""
    for layer in reversed(layers):
        folders = [layer / folder for folder in reversed(path.parents)]
        for place in [*folders[1:], layer / path]:
            if os.path.lexists(place) and is_whiteout(place):
                return False
        if os.path.lexists(layer / path):
            return True
        if any(map(is_opaque, folders)):
            return False
    return False


def diff(words):
    layers = []
    while words[0] == "-layer":
        layers.append(pathlib.Path(words[1]))
        words = words[2:]
    upper = pathlib.Path(words[0])
    for path in sorted(upper.rglob("*")):
        name = path.relative_to(upper)
        kind = "D" if is_whiteout(path) else "C" if is_below(layers, name) else "A"
        print(f"{kind} /{name}")


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def hide(below, mark):
    """Applies a mark of the upper layer to the lower one. The mark stays, for layers further below."""
    folder = below / mark.parent
    if mark.name == OPAQUE:
        remove(folder)
    else:
        remove(folder / mark.name.removeprefix(".wh."))
    folder.mkdir(parents=True, exist_ok=True)
    (below / mark).touch()


def show(below, upper, path):
    """A file of the upper layer cancels a mark of the lower one."""
    mark = below / path.parent / f".wh.{path.name}"
    if mark.exists():
        mark.unlink()
        if (upper / path).is_dir():
            (upper / path / OPAQUE).touch()
    is_folder = (upper / path).is_dir() and not (upper / path).is_symlink()
    if not is_folder or not (below / path).is_dir():
        remove(below / path)


def squash(lower, upper, out):
    with tempfile.TemporaryDirectory() as scratch:
        folders = [pathlib.Path(scratch, name) for name in ("lower", "upper")]
        for folder, archive in zip(folders, (lower, upper)):
            folder.mkdir()
            subprocess.run(["tar", "-xpf", archive, "-C", folder], check=True)
        below, above = folders
        paths = sorted(path.relative_to(above) for path in above.rglob("*"))
        marks = [path for path in paths if path.name.startswith(".wh.")]
        for mark in marks:
            hide(below, mark)
        for path in paths:
            if path not in marks:
                show(below, above, path)
        subprocess.run(["cp", "-a", f"{above}/.", below], check=True)
        subprocess.run(["tar", "-cf", out, "-C", below, "."], check=True)


def main():
    commands = {"history": history, "diff": diff, "squash": lambda words: squash(*words)}
    if len(sys.argv) > 1 and sys.argv[1] in commands:
        commands[sys.argv[1]](sys.argv[2:])
    else:
        os.execv(OURS, [str(OURS), *sys.argv[1:]])


main()
