#!/usr/bin/env python3
"""How fast mydocker is, beside programs that do the same.

  bench.py write BUILD    measures everything; writes the tables into docs/bench.md and chapter 8's page, and a chart
  bench.py check BUILD    measures what bounds.toml has a bound for; fails when one is passed twice

Times are only compared with times of the same run: the milliseconds that a
container takes say more about the machine than about the program. BUILD is
where `make` puts the programs. README.md, beside this file, describes the
measurement.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tomllib

sys.dont_write_bytecode = True

import measure  # noqa: E402
import page  # noqa: E402
from measure import say  # noqa: E402
from runtimes import runtimes  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NINE, EIGHT = "mydocker, chapter 9", "mydocker, chapter 8"
FLOORS = {NINE: "floor of chapter 9", EIGHT: "floor of chapter 8"}
RUNNING = (0, 100, 500)
MOUNTS = (10, 1000, 10000)


def enter_own_mounts():
    """Continues in its own mount namespace, so nobody else sees its mounts. crun refuses a host with both cgroup
    versions, so there the v2 part, which has none of our controllers, is unmounted for all of them."""
    if "BENCH_IN_OWN_MOUNTS" not in os.environ:
        os.environ["BENCH_IN_OWN_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation=private", sys.executable, *sys.argv])
    unified = "/sys/fs/cgroup/unified"
    if os.path.ismount(unified):
        subprocess.run(["umount", unified], check=True)


def usable(every):
    found = []
    for runtime in every:
        why_not = measure.works(runtime)
        if why_not:
            say(f"without {runtime.name}: {why_not}")
        else:
            found.append(runtime)
    return found


def ratios(times):
    """{name: the medians of chapter 8 and of chapter 9, each as a fraction of this one's}."""
    median = {name: statistics.median(values) for name, values in times.items()}
    return {name: (median[EIGHT] / value, median[NINE] / value) for name, value in median.items()}


def measure_all(found, build):
    by_name = {runtime.name: runtime for runtime in found}
    pair = [by_name[NINE], by_name[FLOORS[NINE]]]
    results = {"versions": {runtime.name: runtime.version for runtime in found}}
    say("start-up: each of them 100 times, in turns")
    results["start-up"] = measure.start_up(found, rounds=100)
    say("memory and system calls")
    results["private memory"] = {runtime.name: measure.private_memory(runtime) for runtime in found}
    results["peak memory"] = {runtime.name: measure.peak_memory(runtime) for runtime in found}
    results["system calls"] = {runtime.name: measure.system_calls(runtime) for runtime in found}
    say("throughput: 200 containers, one by one and 8 at a time")
    results["throughput"] = {runtime.name: [measure.throughput(runtime, 200, at_a_time) for at_a_time in (1, 8)]
                             for runtime in found}
    say(f"beside {', '.join(map(str, RUNNING))} containers")
    results["beside others"] = measure.beside_others(pair, RUNNING)
    say(f"among {', '.join(map(str, MOUNTS))} mounts")
    results["among mounts"] = measure.among_mounts(pair, MOUNTS)
    say("ways into a cgroup")
    results["attaching"] = measure.times_from(f"{build}/tests/bench/attach", 30)
    say("the parts of a start")
    results["parts"] = measure.times_from(f"{build}/tests/bench/parts", 200)
    results["steps"] = {name: measure.steps_of(by_name[name]) for name in FLOORS}
    return results


def measure_bounded(found, bounds):
    """{what: (value, bound, unit)} of each bound; without a value if it cannot be measured here."""
    by_name = {runtime.name: runtime for runtime in found}
    pair = [by_name[NINE], by_name[FLOORS[NINE]]]
    held = {name for chapter in FLOORS for name in [chapter, *bounds[chapter]]}
    times = measure.start_up([runtime for runtime in found if runtime.name in held], rounds=51)
    values = {}

    def part(where, times, one, other, bound):
        value = measure.part_of(times[one], times[other]) if other in times else None
        values[f"{one} as a part of {other}{where}"] = value, bound, ""

    for chapter in FLOORS:
        for name, bound in bounds[chapter].items():
            part("", times, chapter, name, bound)
    for where, grown, counts in (("beside {} containers", measure.beside_others, RUNNING),
                                 ("among {} more mounts", measure.among_mounts, MOUNTS)):
        most = counts[-1]
        part(", " + where.format(most), grown(pair, [most])[most], NINE, FLOORS[NINE], bounds[NINE][FLOORS[NINE]])
    for name, bound in bounds["private memory, KiB"].items():
        values[f"private memory of {name}"] = measure.private_memory(by_name[name]), bound, " KiB"
    return values


def check(found):
    """Prints a line for each bound. The machine may be the reason for an exceeded one: then all is measured once
    more, and the smaller value counts."""
    bounds = tomllib.loads((HERE / "bounds.toml").read_text())
    values = measure_bounded(found, bounds)
    over = {what for what, (value, bound, _) in values.items() if value is not None and value > bound}
    if over:
        say(f"once more: {', '.join(sorted(over))}")
        again = measure_bounded(found, bounds)
        values.update({what: min(values[what], again[what]) for what in over})
    counts = {"OK": 0, "FAIL": 0, "SKIP": 0}
    for what, (value, bound, unit) in values.items():
        outcome = "SKIP" if value is None else "OK" if value <= bound else "FAIL"
        counts[outcome] += 1
        shown = "that does not work here" if value is None else f"{value:.2f}{unit}, at most {bound}{unit}"
        print(f"{outcome:4} {what}: {shown}")
    print(f"{counts['OK']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped")
    return 1 if counts["FAIL"] else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["write", "check"])
    parser.add_argument("build")
    arguments = parser.parse_args()
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "--", sys.executable, *sys.argv])
    os.chdir(ROOT)
    enter_own_mounts()
    os.nice(-19)  # Its children inherit this, so the machine's other work waits.
    scratch = ROOT / arguments.build / "bench"
    scratch.mkdir(parents=True, exist_ok=True)
    found = usable(runtimes(arguments.build, scratch))
    if arguments.what == "check":
        return check(found)
    results = measure_all(found, arguments.build)
    (scratch / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    page.write(ROOT / "docs", found, results, ratios(results["start-up"]), FLOORS, scratch)
    say("wrote docs/bench.md, docs/08-run-init.md and docs/img/bench.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
