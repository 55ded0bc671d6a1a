"""Writes the measurements into docs/bench.md and docs/08-run-init.md, between `<!-- measured: NAME -->` and
`<!-- end of NAME -->`."""

import datetime
import os
import re
import statistics
import subprocess

TENTHS = (0.1, 0.9)


def spread(values):
    """The median, and the range of the middle eight tenths."""
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
    head = ["", "ms", "8 of 10 within", "chapter 8 takes", "chapter 9 takes", "private KiB", "peak KiB", "system calls",
            "a second", "8 at a time", "without"]
    versions = [f"{runtime.version}" for runtime in found if runtime.version]
    return table(head, rows) + ["", f"{machine()}; {', '.join(versions)}."]


# The aims, as fractions of another runtime's median and as KiB.
AIMS = {"the floor": 1.25, "crun": 0.5, "runc": 0.2}
MOST_MEMORY = 2048


def aims_table(results, floors):
    """A column for each chapter, and one for its floor, which is the best possible time."""
    columns = [name for pair in floors.items() for name in pair]
    median = {name: statistics.median(times) for name, times in results["start-up"].items()}

    def cell(column, value, aim, text):
        return f"{text}, missed" if column in floors and value > aim else text

    rows = []
    for name, aim in AIMS.items():
        row = [f"at most {aim:g} × {name}"]
        for column in columns:
            other = floors.get(column, column) if name == "the floor" else name
            part = median[column] / median[other] if other in median else None
            row.append("" if part is None else cell(column, part, aim, f"{part:.2f}"))
        rows.append(row)
    memory = {column: results["private memory"][column] for column in columns}
    rows.append([f"at most {MOST_MEMORY} KiB of private memory",
                 *(cell(column, kib, MOST_MEMORY, str(kib)) for column, kib in memory.items())])
    return table(["aim", *columns], rows)


NAMESPACES = {"fork": "the process itself", "uts": "UTS", "ipc": "IPC", "pid": "PID", "mnt": "mount", "net": "network"}


def undisturbed(times):
    """Like measure.steps_of, the mean of the fastest tenth, but in microseconds."""
    return statistics.mean(sorted(times)[:len(times) // 10])


def ms(microseconds):
    return f"{round(microseconds / 1000, 2) + 0.0:.2f}"  # Not -0.00.


def namespaces_table(parts):
    """What each namespace adds to those before it."""
    rows = []
    before = before_end = 0.0
    for name, text in NAMESPACES.items():
        made, end = (undisturbed(parts[key]) for key in (name, f"{name}-end"))
        rows.append([text, ms(made - before), ms(end - before_end)])
        before, before_end = made, end
    rows.append(["**all**", f"**{ms(before)}**", f"**{ms(before_end)}**"])
    return table(["", "`clone3`, ms", "its end, ms"], rows)


def steps_table(steps, parts, copied):
    """How a run spends its time, from its own -verbose and from parts.cc. The rows add up to the whole."""
    cost = {name: undisturbed(times) / 1000 for name, times in parts.items()}
    copy, freed = (cost["copy"], cost["copy-end"]) if copied else (0.0, 0.0)
    end = cost["net-end"] - cost["fork-end"]
    rows = [
        ("`run` starts, reads its flags, and finally ends", steps["rest"]),
        ("it makes the cgroups", steps["cgroups"]),
        ("it writes their limits", steps["limits"]),
        *([("it copies itself into memory, and the copy is freed again", copy + freed)] if copied else []),
        ("`clone3`: a process in five new namespaces", cost["net"]),
        ("that process enters the cgroups and executes `init`", steps["start"] - copy - cost["net"]),
        ("`init` mounts", steps["inside"]),
        ("`init` starts; the command is executed, runs, and ends", steps["life"] - steps["inside"] - end - freed),
        ("the namespaces are taken down", end),
        ("`run` removes the cgroups", steps["removal"]),
        ("**all**", steps["all"]),
    ]
    return table(["", "ms"], [[text, f"**{took:.2f}**" if "*" in text else f"{took:.2f}"] for text, took in rows])


def growth_table(what, results):
    """{count: {name: times}} as a row for each name."""
    names = list(next(iter(results.values())))
    rows = [[name, *(f"{statistics.median(times[name]):.2f} ms" for times in results.values())] for name in names]
    return table([what, *map(str, results)], rows)


def attaching_table(results):
    means = {
        "parent": "the parent writes the child's pid into each `cgroup.procs`",
        "self": "the child writes `0` into each `tasks`",
        "start": "a whole start that enters no cgroup",
        "born-in": "a whole start with `CLONE_INTO_CGROUP`",
    }
    rows = []
    for way, text in means.items():
        if way in results["attaching"]:
            median, low, high = spread(results["attaching"][way])
            rows.append([text, f"{median:.0f}", f"{low:.0f} to {high:.0f}"])
    hierarchies = int(results["attaching"]["hierarchies"][0])
    return table([f"{hierarchies} hierarchies", "µs", "8 of 10 within"], rows)


def draw(found, results, scratch, picture):
    """A bar for each program, drawn by gnuplot. Grey without a background, so that it is readable on white and on
    black."""
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


def fill(file, parts):
    """Puts these lines between the comments that name them."""
    text = file.read_text(encoding="utf-8")
    for name, lines in parts.items():
        pattern = re.compile(f"(<!-- measured: {name} -->\n).*?(<!-- end of {name} -->)", re.S)
        text, count = pattern.subn(lambda match: match[1] + "\n".join(lines) + "\n" + match[2], text)
        if count != 1:
            raise SystemExit(f"bench: {file} has {count} places for \"{name}\"")
    file.write_text(text, encoding="utf-8")


def write(docs, found, results, ratio, floors, scratch):
    nine, eight = floors
    fill(docs / "bench.md", {
        "runtimes": runtimes_table(found, results, ratio),
        "aims": aims_table(results, {eight: floors[eight], nine: floors[nine]}),
        "steps of chapter 9": steps_table(results["steps"][nine], results["parts"], copied=True),
        "beside others": growth_table("containers that already run", results["beside others"]),
        "among mounts": growth_table("more mounts on the host", results["among mounts"]),
        "attaching": attaching_table(results),
    })
    fill(docs / "08-run-init.md", {
        "steps of chapter 8": steps_table(results["steps"][eight], results["parts"], copied=False),
        "namespaces": namespaces_table(results["parts"]),
    })
    draw(found, results, scratch, docs / "img" / "bench.svg")
