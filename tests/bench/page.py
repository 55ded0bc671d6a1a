"""docs/bench.md: the parts that are measured, between `<!-- measured: NAME -->` and `<!-- end of NAME -->`."""

import datetime
import os
import pathlib
import re
import statistics
import subprocess

TENTHS = (0.1, 0.9)


def spread(values):
    """The median, and between what the middle eight tenths lie."""
    ordered = sorted(values)
    low, high = (ordered[round(part * (len(ordered) - 1))] for part in TENTHS)
    return statistics.median(ordered), low, high


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "a CPU")
    with open("/etc/os-release", encoding="utf-8") as lines:
        system = next(line.split("=", 1)[1].strip().strip('"') for line in lines if line.startswith("PRETTY_NAME"))
    day = datetime.date.today().isoformat()
    return f"{day}: {os.cpu_count()} CPUs ({model}), Linux {os.uname().release}, {system}"


def runtimes_table(found, results, ratio):
    rows = []
    for runtime in found:
        median, low, high = spread(results["start-up"][runtime.name])
        one, eight = results["throughput"][runtime.name]
        rows.append([
            runtime.name, f"{median:.2f}", f"{low:.2f} to {high:.2f}", *(f"{part:.2f}" for part in ratio[runtime.name]),
            f"{results['private memory'][runtime.name]}", f"{results['peak memory'][runtime.name]}",
            f"{results['system calls'][runtime.name]}", f"{one:.0f}", f"{eight:.0f}", runtime.lacks or "",
        ])
    head = ["", "ms", "8 of 10 within", "chapter 8 takes", "chapter 9 takes", "private KiB", "peak KiB", "system calls", "a second",
            "8 at a time", "without"]
    versions = [f"{runtime.version}" for runtime in found if runtime.version]
    return table(head, rows) + ["", f"{machine()}; {', '.join(versions)}."]


def growth_table(what, results):
    counts = list(next(iter(results.values())))
    rows = [[name] + [f"{value:.2f} ms" for value in values.values()] for name, values in results.items()]
    return table([what] + [str(count) for count in counts], rows)


def attaching_table(results):
    means = {
        "parent": "the parent writes the child's pid into each `cgroup.procs`",
        "self": "the child writes `0` into each `tasks`",
        "start": "a whole start, into no cgroup",
        "born-in": "a whole start with `CLONE_INTO_CGROUP`",
    }
    rows = []
    for way, text in means.items():
        if way in results["attaching"]:
            median, low, high = spread(results["attaching"][way])
            rows.append([text, f"{median:.0f}", f"{low:.0f} to {high:.0f}"])
    return table([f"{results['hierarchies']} hierarchies", "µs", "8 of 10 within"], rows)


def draw(found, results, scratch, picture):
    """A bar for each program, drawn by gnuplot. Grey on nothing, so that it can be read on white and on black."""
    data = scratch / "start-up.dat"
    lines = []
    for row, runtime in enumerate(found):
        median, low, high = spread(results["start-up"][runtime.name])
        lines.append(f'{len(found) - row} {median:.3f} {low:.3f} {high:.3f} "{runtime.name}"')
    data.write_text("\n".join(lines) + "\n")
    script = f"""
set terminal svg size 720,{60 + 34 * len(found)} dynamic font "sans-serif,13"
set output "{picture}"
grey = 0x808080
set border 0
unset key
set xlabel "milliseconds for a container that runs true (line: 8 of 10 runs)" textcolor rgb grey
set xtics nomirror textcolor rgb grey scale 0
set grid xtics linecolor rgb grey linewidth 0.3 dashtype 3
set xrange [0:*]
set yrange [0.4:{len(found)}.6]
set ytics scale 0 textcolor rgb grey
set style fill solid 1 noborder
plot "{data}" using (0):1:(0):2:($1-0.32):($1+0.32):($0 < 2 ? 0x2f81f7 : grey):ytic(5) with boxxyerror linecolor rgb variable, \\
     "" using 2:1:3:4 with xerrorbars pointtype 0 linecolor rgb 0xd29922 linewidth 1.5
"""
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def write(docs, found, results, ratio, scratch):
    parts = {
        "runtimes": runtimes_table(found, results, ratio),
        "beside others": growth_table("containers that already run", results["beside others"]),
        "among mounts": growth_table("mounts more on the host", results["among mounts"]),
        "attaching": attaching_table(results),
    }
    file = pathlib.Path(docs, "bench.md")
    text = file.read_text(encoding="utf-8")
    for name, lines in parts.items():
        pattern = re.compile(f"(<!-- measured: {name} -->\n).*?(<!-- end of {name} -->)", re.S)
        text, count = pattern.subn(lambda match: match[1] + "\n".join(lines) + "\n" + match[2], text)
        if count != 1:
            raise SystemExit(f"bench: docs/bench.md has {count} places for \"{name}\"")
    file.write_text(text, encoding="utf-8")
    draw(found, results, scratch, docs / "img" / "bench.svg")
