#!/usr/bin/env python3
"""Boots real kernels and runs the project's tests in them; or gives you a shell there.

  tests/lab/run.py [MODE...]       run the tests (all modes unless given)
  tests/lab/run.py --only docs/08 v2   of these, what has docs/08 (a regular expression) in its name
  tests/lab/run.py --shell MODE    a root shell in such a kernel; `exit` ends it
  tests/lab/run.py --arch arm64 …  the same on another architecture, emulated

A mode is how Debian's kernel and systemd are booted: v1, hybrid or v2 for the
cgroup version, v2-controllers for a v2 whose root already hands down all
controllers, v2-backports for the newer kernel of Debian's backports. Each has
two CPUs and swap. v1 and v2 run all tests, some pages of the book, and the
memory tests a second time without swap, as v1-noswap and v2-noswap;
v2-backports runs all tests, the others those that have to do with cgroups.

A kernel's output is kept in build/lab/log/ARCH/MODE. LAB_ACCEL=tcg or kvm
overrides the choice between emulation and the host's processor.
"""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import termios
import time
import xml.etree.ElementTree

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1]
LAB = PROJECT / "build" / "lab"

# The slowest first: two kernels run at a time.
MODES = ["v2", "v1", "v2-backports", "hybrid", "v2-controllers"]
NOSWAP_MODES = ["v1", "v2"]
# The programs that run a second time without swap: the memory tests of chapters
# 7 and 8.
NOSWAP_PROGRAMS = "(cgroup_memory|run_init_cgroup)_test|grade/run_init_test"
# The programs that the other modes run: for the rest the cgroup version makes
# no difference. A v2 with more controllers differs from v2 only in cgroups.
PROGRAMS = {
    "hybrid": "cgroup|doctor|chapters/(proc|recover)|run_init|rootfs|union_fs|volumes",
    "v2-controllers": "cgroup|doctor|chapters/proc|run_init_(test|hostile|error|command)|rootfs_pids",
}

# The pages with sessions for which most machines lack v2, or swap. `make
# docs-test` runs sessions that need v1 without swap on the host.
PAGES = {
    "v1": ["07-cgroup-memory", "08-run-init"],
    "v2": ["07-cgroup-memory", "08-run-init", "09-rootfs", "10-union-fs", "11-fuse-union", "12-volumes", "security",
           "errors"],
}


@dataclasses.dataclass
class Machine:
    """An architecture, by Debian's name, with QEMU's settings for it."""

    linux: str  # its name for uname(1)
    qemu: str
    emulated: list  # QEMU's arguments to emulate it
    console: str
    modes: list  # all its modes
    usual: list  # the modes that run by default


MACHINES = {
    # Without cmpxchg16b, which QEMU 7.2 emulates wrongly: Linux 6.12 panics
    # because of it.
    "amd64": Machine("x86_64", "qemu-system-x86_64", ["-cpu", "max,cx16=off"], "ttyS0", MODES, MODES),
    # Not "max": checking signed pointers would take the emulator longer than all the
    # rest.
    "arm64": Machine("aarch64", "qemu-system-aarch64", ["-machine", "virt", "-cpu", "cortex-a72"], "ttyAMA0",
                     ["v2", "v1", "hybrid", "v2-controllers"], ["v2"]),
}
NATIVE = next((arch for arch, machine in MACHINES.items() if machine.linux == os.uname().machine), "")

# Seconds. Emulation is some ten times slower than the machine it runs on, so
# these limits catch programs that hang, not slow ones.
PROGRAM_LIMIT = 5400
BOOT_LIMIT = int(os.environ.get("LAB_BOOT_LIMIT", 14400))
# An emulated kernel with two CPUs keeps more than one of the host's CPUs busy.
BOOTS_AT_A_TIME = 2


# All kernels that were started.
KERNELS = []


def say(text):
    print(f"lab: {text}", flush=True)


def die(text):
    sys.exit(f"lab: {text}")


# --- what is booted ----------------------------------------------------------


def image(arch):
    """The directory with the disk, the kernels and their settings; made if it does not exist."""
    inputs = [HERE / "image.sh", PROJECT / "vagrant/provision.sh", PROJECT / "vagrant/packages.txt"]
    inputs += sorted((HERE / "units").iterdir())
    key = hashlib.sha256(b"\0".join(path.read_bytes() for path in inputs)).hexdigest()[:12]
    directory = LAB / f"image-{arch}-{key}"
    if not directory.exists():
        if subprocess.run([HERE / "image.sh", directory, arch]).returncode != 0:
            die("there is no image to boot")
        for other in LAB.glob(f"image-{arch}-*"):
            if other != directory:
                shutil.rmtree(other)
    return directory


def accelerator(arch, boot_files):
    """kvm if it works, else tcg. /dev/kvm may open and still run nothing, so this tries it."""
    if os.environ.get("LAB_ACCEL"):
        return os.environ["LAB_ACCEL"]
    if arch != "amd64" or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    # Without a root file system the kernel panics at once, which ends QEMU.
    probe = [
        "qemu-system-x86_64", "-accel", "kvm", "-m", "256", "-nodefaults", "-nographic", "-no-reboot",
        "-serial", "stdio", "-kernel", boot_files / "vmlinuz", "-append", "console=ttyS0 panic=-1",
    ]  # fmt: skip
    try:
        run = subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True, timeout=6)
        return "kvm" if run.returncode == 0 and b"Kernel panic" in run.stdout else "tcg"
    except subprocess.TimeoutExpired:
        return "tcg"


def built(project, arch):
    """The directory of make's build for this architecture."""
    return project / "build" / ("" if arch == NATIVE else arch)


def project_disk(project, arch, path):
    """A disk with the project, as built on a machine like the booted one."""

    def ignore(directory, names):
        ignored = set(shutil.ignore_patterns(".git", ".vagrant", "workshop")(directory, names))
        unneeded = {"lab", "rootfs-debian", "sanitize", "docs", "sysroot", *MACHINES}
        if pathlib.Path(directory) in (project / "build", built(project, arch)):
            return ignored | unneeded
        return ignored | ({"build"} if pathlib.Path(directory) == project else set())

    stage = path.with_suffix(".d")
    shutil.copytree(project, stage, symlinks=True, ignore=ignore)
    shutil.copytree(built(project, arch), stage / "build", symlinks=True, ignore=ignore)
    if project != PROJECT:
        for part in ("tests/lab", "vagrant"):
            shutil.copytree(PROJECT / part, stage / part, dirs_exist_ok=True)
    megabytes = sum(f.lstat().st_size for f in stage.rglob("*")) // 2**20
    command = ["/sbin/mke2fs", "-qF", "-t", "ext4", "-L", "mydocker", "-E", "root_owner=0:0"]
    subprocess.run(command + ["-d", stage, path, f"{megabytes * 5 // 4 + 1024}M"], check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(stage)


def qemu(arch, boot_files, accel, mode, project_image, words):
    """The command line that boots `mode`. It writes to no disk: each boot starts afresh."""
    machine = MACHINES[arch]
    switches = (boot_files / f"switches-{mode.split('-')[0]}").read_text().strip()
    newer = "-backports" if mode.endswith("-backports") else ""
    # Mitigations guard against other guests on the same processor, and an emulated one has none.
    # With programs at the same addresses each time, the emulator can reuse its translations.
    calm = "mitigations=off audit=0 norandmaps"
    append = f"root=/dev/vda rw console={machine.console} quiet panic=-1 {calm} {switches} lab.mode={mode} {words}"
    disks = [f"file={image},format=raw,if=virtio,snapshot=on" for image in (boot_files / "root.img", project_image)]
    return [
        # Whatever ends this script ends the kernels that it started.
        "setpriv", "--pdeathsig", "KILL",
        machine.qemu, "-accel", accel, *(["-cpu", "host"] if accel == "kvm" else machine.emulated),
        "-smp", "2", "-m", "2G", "-nodefaults", "-display", "none", "-no-reboot",
        "-kernel", boot_files / f"vmlinuz{newer}", "-initrd", boot_files / f"initrd{newer}", "-append", append,
        "-drive", disks[0], "-drive", disks[1], "-device", "virtio-rng-pci",
    ]  # fmt: skip


# --- running tests -----------------------------------------------------------


@dataclasses.dataclass
class Report:
    """The result of one test program in one pass."""

    passed: int = 0
    failed: list = dataclasses.field(default_factory=list)  # (test, message)
    skipped: list = dataclasses.field(default_factory=list)  # (test, reason)
    seconds: float = 0

    def fail(self, test, message):
        self.failed.append((test, message.strip()))

    def cell(self):
        counts = [(self.passed, ""), (len(self.failed), " FAILED"), (len(self.skipped), " skipped")]
        return ", ".join(f"{count}{word}" for count, word in counts if count) or "no test"


def boot(arch, boot_files, accel, mode, project_image, pages, only):
    """Boots, waits for the guest to power off, and returns what it sent: {path: bytes}."""
    log = LAB / "log" / arch / mode
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir(parents=True)
    noswap = NOSWAP_PROGRAMS if mode in NOSWAP_MODES else ""
    programs = PROGRAMS.get(mode, "")
    words = f"lab.job=test lab.limit={PROGRAM_LIMIT} lab.programs={programs} lab.only={only} lab.noswap={noswap} lab.pages={','.join(pages)}"
    command = qemu(arch, boot_files, accel, mode, project_image, words) + [
        "-serial", f"file:{log}/console", "-device", "virtio-serial",
        "-chardev", f"file,id=results,path={log}/results.tar", "-device", "virtserialport,chardev=results,name=results",
    ]  # fmt: skip
    start = time.monotonic()
    with open(log / "qemu", "wb") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        KERNELS.append(process)
        try:
            process.wait(BOOT_LIMIT)
        except subprocess.TimeoutExpired:
            say(f"{mode}: stopped after {BOOT_LIMIT} seconds")
            process.kill()
            process.wait()
    say(f"{mode}: {time.monotonic() - start:.0f} s")
    return read_archive(log / "results.tar")


def read_archive(path):
    """The files of several tar archives in a row; the last one may be cut off."""
    files = {}
    try:
        with tarfile.open(path, ignore_zeros=True) as archive:
            for member in archive:
                if member.isfile():
                    files[os.path.normpath(member.name)] = archive.extractfile(member).read()
    except (tarfile.ReadError, OSError):
        pass
    return files


def read_gtest(xml_text, report):
    """Reads GoogleTest's results of one program; returns whether there are any."""
    try:
        results = xml.etree.ElementTree.fromstring(xml_text)
    except xml.etree.ElementTree.ParseError:
        return False
    for case in results.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        failures = case.findall("failure")
        skip = case.find("skipped")
        if failures:
            report.fail(name, "\n".join(failure.text or failure.get("message") for failure in failures))
        elif skip is not None or case.get("result") == "skipped":
            # The first line is the place of GTEST_SKIP, the rest is the reason.
            reason = (skip.get("message") or skip.text or "") if skip is not None else ""
            report.skipped.append((name, " ".join(reason.partition("\n")[2].split()) or "no reason given"))
        elif case.get("status") == "run":
            report.passed += 1
    return True


def read_page(output, report):
    """Reads `make docs-test`'s output for one page; returns whether it ran to its end."""
    total = re.search("^([0-9]+) passed, [0-9]+ failed, [0-9]+ skipped$", output, re.MULTILINE)
    if total:
        report.passed = int(total.group(1))
        for where, reason in re.findall("^  skipped ([^ ]+): (.*)", output, re.MULTILINE):
            report.skipped.append((where, reason))
        for message in re.split("^  FAIL ", output, flags=re.MULTILINE)[1:]:
            report.fail(message.partition(": ")[0], message)
    return bool(total)


def read_program(files):
    """Judges one program, or page, by the files that the guest sent for it (see guest.py)."""
    report = Report()
    output = files.get("output", b"").decode(errors="replace")
    last_words = "it printed:\n" + "\n".join(output.splitlines()[-20:])
    status = int(files["status"])
    report.seconds = float(files["seconds"])
    if status == 124:
        report.fail("(whole program)", f"hangs: stopped after {PROGRAM_LIMIT} seconds; {last_words}")
    elif not (read_gtest(files["gtest.xml"], report) if "gtest.xml" in files else read_page(output, report)):
        how = f"killed by {signal.Signals(status - 128).name}" if 128 < status < 160 else f"exit status {status}"
        report.fail("(whole program)", f"{how}, without results; {last_words}")
    elif status != 0 and not report.failed:
        report.fail("(whole program)", f"all tests passed, yet exit status {status}; {last_words}")
    elif report.passed + len(report.failed) + len(report.skipped) == 0:
        report.fail("(whole program)", "ran no test")
    if files.get("left"):
        report.fail("(left behind)", files["left"].decode(errors="replace"))
    return report


def read_machine(arch, mode, text):
    """Checks that the machine is what the mode promises; otherwise the tests' results mean nothing."""
    report = Report()
    if not text:
        return report  # it did not get that far, which is reported elsewhere
    facts = dict(line.partition(" ")[::2] for line in text.splitlines())

    def check(test, true):
        if true:
            report.passed += 1
        else:
            report.fail(test, text)

    check("is of this architecture", facts.get("machine") == MACHINES[arch].linux)
    release = tuple(map(int, re.findall("[0-9]+", facts.get("kernel", "0.0"))[:2]))
    check("boots this kernel", release > (6, 1) if mode.endswith("-backports") else release == (6, 1))
    check("boots with this cgroup version", facts.get("cgroup") == mode.split("-")[0])
    check("has two CPUs", facts.get("cpus") == "2")
    check("has swap", "swap" in facts)
    if mode == "v2-controllers":
        controllers = facts.get("controllers", "").split()
        check("hands down all controllers", {"cpu", "cpuset", "memory", "pids"} <= set(controllers))
    if mode in ("v1", "v2"):
        check("provision.sh lab, run twice, changes nothing", "provisioned" not in facts)
    return report


def read_mode(arch, mode, files, programs, pages, only):
    """All reports of one boot: {(pass, program): Report}."""
    reports = {}
    boot_report = reports[mode, "(the machine)"] = read_machine(arch, mode, files.get("machine", b"").decode())
    wanted = PROGRAMS.get(mode, "")
    expected = [(mode, program) for program in programs if re.search(wanted, program)]
    expected += [(mode, f"docs/{page}") for page in pages]
    if mode in NOSWAP_MODES:
        expected += [(f"{mode}-noswap", program) for program in programs if re.search(NOSWAP_PROGRAMS, program)]
    expected = [(name, program) for name, program in expected if re.search(only, program)]
    seen = {tuple(path.split("/", 1)) for path in (os.path.dirname(path) for path in files) if "/" in path}
    not_run = []
    for where in sorted(seen) + [where for where in expected if where not in seen]:
        prefix = "/".join(where) + "/"
        own = {path[len(prefix) :]: data for path, data in files.items() if path.startswith(prefix)}
        if "status" in own:
            reports[where] = read_program(own)
        elif "started" in own:
            boot_report.fail("finishes", f"it stopped or hung while it ran {prefix[:-1]}; see {LAB}/log/{arch}/{mode}/console")
        else:
            not_run.append(prefix[:-1])
    if "finished" not in files and not any(test == "finishes" for test, _ in boot_report.failed):
        console = LAB / "log" / arch / mode / "console"
        tail = console.read_text(errors="replace").splitlines()[-15:] if console.exists() else []
        boot_report.fail("finishes", f"it never got to the end; last words of {console}:\n" + "\n".join(tail))
    if not_run:
        boot_report.fail("runs every test program", "not run: " + ", ".join(not_run))
    return reports


# --- telling the result ------------------------------------------------------


def allowed_skips(path):
    lines = (line.split("#")[0].split(None, 2) for line in path.read_text().splitlines())
    return [tuple(field.strip() for field in line) for line in lines if len(line) == 3]


def judge_skips(reports, allowed):
    """Turns skips that are not on the list into failures; returns the entries that were used."""
    used = set()
    for (mode, _), report in reports.items():
        for test, reason in list(report.skipped):
            entries = [
                entry for entry in allowed
                if all(fnmatch.fnmatchcase(value, glob) for value, glob in zip((mode, test, reason), entry))
            ]  # fmt: skip
            used.update(entries)
            if not entries:
                report.skipped.remove((test, reason))
                report.fail(test, f"skipped, and tests/lab/allowed-skips.txt does not allow it: {reason}")
    return used


def print_reports(reports):
    """Prints the table, each skip and each failure; returns whether everything passed."""
    passes = list(dict.fromkeys(where[0] for where in reports))
    programs = sorted({where[1] for where in reports})
    rows = [["", *passes]]
    for program in programs:
        rows.append([program, *(reports[p, program].cell() if (p, program) in reports else "-" for p in passes)])
    seconds = [sum(r.seconds for (p, _), r in reports.items() if p == name) for name in passes]
    rows.append(["seconds in programs", *(f"{sum_:.0f}" for sum_ in seconds)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    print()
    for (mode, program), report in reports.items():
        for test, reason in report.skipped:
            print(f"SKIPPED  {mode}  {program}  {test}: {reason}")
    for (mode, program), report in reports.items():
        for test, message in report.failed:
            print(f"FAILED   {mode}  {program}  {test}\n" + "\n".join(f"    {line}" for line in message.splitlines()))
    passed = sum(report.passed for report in reports.values())
    failed = sum(len(report.failed) for report in reports.values())
    skipped = sum(len(report.skipped) for report in reports.values())
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return failed == 0


def test_programs(project, arch):
    """Every test program, found by its source, so that one that was not built is noticed."""
    sources = [s for part in ("common", "chapters", "doctor") for s in (project / "tests" / part).rglob("*_test.cc")]
    programs = [str(source.relative_to(project / "tests").with_suffix("")) for source in sources]
    # The grader's checks of our own programs: one for each chapter that can be graded.
    graded = [path.stem.partition("-")[2].replace("-", "_") for path in (project / "tests/grade").glob("[0-9]*.toml")]
    programs = sorted(programs + [f"grade/{name}_test" for name in graded])
    missing = [program for program in programs if not os.access(built(project, arch) / "tests" / program, os.X_OK)]
    if missing:
        die(f"not built: {', '.join(missing)}; run make test-lab, which builds them")
    if not programs:
        die("there is no test to run")
    return programs


def run_tests(arch, modes, project, allowed, only):
    programs = test_programs(project, arch)
    start = time.monotonic()
    boot_files = image(arch)
    accel = accelerator(arch, boot_files)
    # The project of selftest.sh has no pages.
    pages_of = {
        mode: [p for p in PAGES.get(mode, []) if (project / f"docs/{p}.md").exists() and re.search(only, f"docs/{p}")]
        for mode in modes
    }
    with tempfile.TemporaryDirectory(dir=LAB) as scratch:
        disk = pathlib.Path(scratch) / "project.img"
        project_disk(project, arch, disk)
        say(f"booting {', '.join(modes)} ({arch}, {accel}; {len(programs)} test programs; {BOOTS_AT_A_TIME} kernels at a time)")
        with concurrent.futures.ThreadPoolExecutor(BOOTS_AT_A_TIME) as pool:
            try:
                sent = list(pool.map(lambda mode: boot(arch, boot_files, accel, mode, disk, pages_of[mode], only), modes))
            except BaseException:  # Ctrl-C too: the pool would wait for the kernels
                pool.shutdown(wait=False, cancel_futures=True)
                for process in KERNELS:
                    process.kill()
                raise
    reports = {}
    for mode, files in zip(modes, sent):
        reports.update(read_mode(arch, mode, files, programs, pages_of[mode], only))
    used = judge_skips(reports, allowed)
    for entry in allowed:
        if arch == NATIVE and set(modes) == set(MODES) and not only and entry not in used:
            say(f"no test needs this line of allowed-skips.txt any longer: {'  '.join(entry)}")
    say(f"took {time.monotonic() - start:.0f} s")
    return print_reports(reports)


# --- a shell -----------------------------------------------------------------


def run_shell(arch, mode):
    # Without a terminal nobody could type `exit`.
    if not sys.stdin.isatty():
        die("a shell needs a terminal")
    boot_files = image(arch)
    accel = accelerator(arch, boot_files)
    size = os.get_terminal_size(sys.stdin.fileno())
    words = f"lab.job=shell lab.terminal={os.environ.get('TERM', 'vt100')}:{size.lines}:{size.columns}"
    settings = termios.tcgetattr(sys.stdin)
    with tempfile.TemporaryDirectory(dir=LAB) as scratch:
        disk = pathlib.Path(scratch) / "project.img"
        project_disk(PROJECT, arch, disk)
        say(f"booting a {mode} kernel ({arch}, {accel}), project in /mydocker; `exit` ends it and undoes all changes")
        # signal=off: Ctrl-C is a key like any other, for the guest.
        terminal = ["-chardev", "stdio,id=tty,signal=off", "-serial", "chardev:tty"]
        try:
            return subprocess.run(qemu(arch, boot_files, accel, mode, disk, words) + terminal).returncode == 0
        finally:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, settings)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modes", nargs="*", metavar="MODE", help=", ".join(MODES))
    parser.add_argument("--shell", metavar="MODE", help="a root shell in this mode")
    parser.add_argument("--arch", default=NATIVE, help="the architecture, by Debian's name: " + ", ".join(MACHINES))
    parser.add_argument("--only", metavar="REGEX", default="", help="run only the tests and pages with this in their name")
    # For selftest.sh: another tree in place of the project.
    parser.add_argument("--project", type=pathlib.Path, default=PROJECT, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if NATIVE != "amd64":
        die("the lab's kernels are booted on x86_64 machines; here use the Vagrant machines (docs/lab.md)")
    if options.arch not in MACHINES:
        die(f"there is no architecture '{options.arch}'; there are: {', '.join(MACHINES)}")
    modes = MACHINES[options.arch].modes
    for mode in [*options.modes, *filter(None, [options.shell])]:
        if mode not in modes:
            die(f"there is no mode '{mode}' on {options.arch}; there are: {', '.join(modes)}")
    for tool in (MACHINES[options.arch].qemu, "mmdebstrap", "setpriv", "/sbin/mke2fs"):
        if not shutil.which(tool):
            groups = "lab run" if options.arch == NATIVE else f"lab run lab-{options.arch}"
            die(f"{tool} is missing: vagrant/provision.sh packages {groups}")
    LAB.mkdir(parents=True, exist_ok=True)
    if options.shell:
        good = run_shell(options.arch, options.shell)
    else:
        project = options.project.resolve()
        good = run_tests(options.arch, options.modes or MACHINES[options.arch].usual, project, allowed_skips(project / "tests/lab/allowed-skips.txt"), options.only)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    # After kill(1) it cleans up as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
