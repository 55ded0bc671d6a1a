"""Pictures: docs/img/NAME.svg is drawn from docs/img/NAME.dot if that exists.

graphviz's output differs from version to version, so the SVG contains a hash of
its source to compare.
"""

import hashlib
import pathlib
import shutil
import subprocess

FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"


def mark(dot):
    return f"<!-- drawn from {dot.name}, sha256 {hashlib.sha256(dot.read_bytes()).hexdigest()} -->"


def stale(root):
    """The .dot files whose .svg is missing or older."""
    for dot in sorted((pathlib.Path(root) / "docs" / "img").glob("*.dot")):
        svg = dot.with_suffix(".svg")
        if not svg.exists() or mark(dot) not in svg.read_text(encoding="utf-8"):
            yield dot


def problems(root):
    return [f"{dot.relative_to(root).with_suffix('.svg')} is not drawn from {dot.name} as it is now; `make docs` draws it"
            for dot in stale(root)]


def draw(root):
    """Draws the stale pictures; returns the errors."""
    failed = []
    for dot in stale(root):
        name = dot.relative_to(root)
        if not shutil.which("dot"):
            failed.append(f"{name}: no program `dot` to draw it with: install graphviz")
            continue
        options = [f"-{what}fontname={FONT}" for what in "GNE"]
        drawn = subprocess.run(["dot", "-Tsvg", *options, dot], capture_output=True, text=True)
        if drawn.returncode:
            failed.append(f"{name}: {drawn.stderr.strip()}")
            continue
        svg = dot.with_suffix(".svg")
        svg.write_text(drawn.stdout.rstrip("\n") + "\n" + mark(dot) + "\n", encoding="utf-8")
        print(f"drew {svg.relative_to(root)}")
    return failed
