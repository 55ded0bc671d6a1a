#!/usr/bin/env python3
"""What runs inside a lab kernel, as root, started by the units beside this file.

  guest.py prepare   makes the machine what its mode asks for
  guest.py test      runs every test program, and pages of the book, and sends the results to the host

Results leave as tar archives, one after the other, through a virtio port: sent
results are safe, whatever happens to this machine afterwards. For each test
program, or page, there is a directory PASS/PROGRAM with started    when it was
started: the one that has no status hangs status     its exit status, as a shell
gives it seconds    how long it took gtest.xml  what GoogleTest says; absent
after a crash output     what it printed, the end of it left       what it left
behind, a line each and there is a file `finished` at the very end.

One process does everything: on an emulated machine each command would cost a
tenth of a second, and this process checks the whole machine after each test
program.
"""

import io
import os
import pathlib
import re
import signal
import subprocess
import sys
import tarfile
import time

PROJECT = pathlib.Path("/mydocker")
PROVISION = PROJECT / "vagrant/provision.sh"
PORT = "/dev/virtio-ports/results"
SCRATCH = pathlib.Path("/run/lab")

# The kernel's command line: NAME=value.
WORDS = dict(word.partition("=")[::2] for word in pathlib.Path("/proc/cmdline").read_text().split())
MODE = WORDS["lab.mode"]


def read(path):
    """A file of /proc or /sys as text; nothing if its process has just ended."""
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def prepare():
    # A serial line does not know the terminal at its other end; the host tells its type and
    # size. See lab-shell.service.
    terminal, rows, columns = (WORDS.get("lab.terminal", "") + "::").split(":")[:3]
    size = f"rows {rows} cols {columns}" if columns else ""
    pathlib.Path("/run/lab-terminal").write_text(f"LAB_TERM={terminal or 'vt220'}\nLAB_SIZE={size}\n")
    subprocess.run([PROVISION, "swap", "1G"], check=True)
    if MODE == "v2-controllers":
        # systemd owns the root's subtree_control and disables controllers that it
        # does not use itself. These settings make it use them, as on a host with
        # tuned services.
        wishes = ["CPUWeight=100", "IOWeight=100", "AllowedCPUs=0-1"]
        subprocess.run(["systemctl", "set-property", "--runtime", "system.slice", *wishes], check=True)


# --- what a test must not leave behind ---------------------------------------


def inventory():
    """A line for each thing that can outlive the program that made it."""
    return cgroups() | mounts() | processes_and_namespaces() | small_things()


def cgroups():
    found = set()
    for directory, names, _ in os.walk("/sys/fs/cgroup"):
        # systemd's own cgroups come and go.
        names[:] = [name for name in names if name not in ("system.slice", "user.slice", "init.scope")]
        found.update(f"cgroup {directory}/{name}" for name in names)
    return found


def mounts():
    found = set()
    for line in read("/proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        _, _, _, _, point, _, *optional = before.split()
        if not re.match("/run/(credentials|user)/", point):
            shared = "shared" if any(word.startswith("shared:") for word in optional) else "private"
            found.add(f"mount {point} {after.split()[0]} {shared}")
    return found


def processes_and_namespaces():
    """All but the kernel's, systemd's and this program's. Processes or a mount keep a namespace alive."""
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        command = read(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
        try:
            namespaces = {os.readlink(f"/proc/{pid}/ns/{name}") for name in os.listdir(f"/proc/{pid}/ns")}
            os.readlink(f"/proc/{pid}/exe")  # kernel threads have no executable
        except OSError:
            continue
        where = re.search("^(?:0:|[0-9]+:name=systemd):/(.*)", read(f"/proc/{pid}/cgroup"), re.MULTILINE)
        unit = where.group(1) if where else ""
        systemds = unit.startswith(("system.slice/", "user.slice/", "init.scope")) and "lab-test.service" not in unit
        if int(pid) != os.getpid() and not systemds:
            found.add(f"process {pid} {command}")
            found |= {f"namespace {namespace}" for namespace in namespaces}
    own = {f"namespace {os.readlink(f'/proc/self/ns/{name}')}" for name in os.listdir("/proc/self/ns")}
    return found - own


def small_things():
    found = {f"host name {os.uname().nodename}"}
    found |= {f"network device {name}" for name in os.listdir("/sys/class/net")}
    found |= {f"message queue {line.split()[1]}" for line in read("/proc/sysvipc/msg").splitlines()[1:]}
    found |= {f"swap {line.split()[0]}" for line in read("/proc/swaps").splitlines()[1:]}
    return found


def left_behind(before):
    """What has appeared, or has disappeared and should not have; and the inventory that shows it.

    The kernel finishes some of its cleaning after the last process has ended, so
    a thing counts only if it is still there after a while. Something that ends
    late is not the fault of the program that happens to run then.
    """
    for attempt in range(8):
        if attempt:
            time.sleep(0.5)
        now = inventory()
        left = sorted(now - before)
        left += sorted(f"gone: {thing}" for thing in before - now if not re.match("cgroup|process|namespace", thing))
        if not left:
            break
    return left, now


# --- running the tests -------------------------------------------------------


def send(files):
    """Sends {path: bytes} to the host as one archive."""
    with open(PORT, "wb") as port, tarfile.open(fileobj=port, mode="w|") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def run_program(name, program, command, before):
    """Runs one test program, by `command`, in the pass `name`; returns the inventory after it."""
    where = f"{name}/{program}"
    send({f"{where}/started": time.ctime().encode()})
    results = SCRATCH / "gtest.xml"
    results.unlink(missing_ok=True)
    start = time.monotonic()
    with open(SCRATCH / "output", "wb+") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env={**os.environ, "MYDOCKER_LAB": name, "GTEST_OUTPUT": f"xml:{results}"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            status = process.wait(int(WORDS["lab.limit"]))
            status = 128 - status if status < 0 else status
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            status = 124  # as with timeout(1)
        output.seek(max(0, output.seek(0, os.SEEK_END) - 20000))
        last_output = output.read()
    seconds = time.monotonic() - start
    left, after = left_behind(before)
    files = {
        f"{where}/status": str(status).encode(),
        f"{where}/seconds": f"{seconds:.1f}".encode(),
        f"{where}/output": last_output,
        f"{where}/left": "\n".join(left).encode(),
    }
    if results.exists():
        files[f"{where}/gtest.xml"] = results.read_bytes()
    send(files)
    return after


def run_pass(name, pattern):
    """Runs the test programs whose name matches the pattern, and the caller's selection."""
    tests = PROJECT / "build/tests"
    before = inventory()
    for program in sorted(tests.rglob("*_test")):
        short = program.relative_to(tests)
        if program.is_file() and os.access(program, os.X_OK) and all(
            re.search(regex, str(short)) for regex in (pattern, WORDS["lab.only"])
        ):
            before = run_program(name, short, [program], before)


def run_pages(name, pages):
    before = inventory()
    for page in pages:
        before = run_program(name, f"docs/{page}", ["make", "docs-test", f"PAGE={page}"], before)


def facts():
    """The properties of this machine: the host compares them with the mode."""
    lines = [f"machine {os.uname().machine}", f"kernel {os.uname().release}", f"cpus {os.cpu_count()}"]
    lines.append("cgroup " + subprocess.run([PROVISION, "current-cgroup"], capture_output=True, text=True).stdout.strip())
    lines += [f"swap {line}" for line in read("/proc/swaps").splitlines()[1:]]
    lines.append("controllers " + read("/sys/fs/cgroup/cgroup.subtree_control").strip())
    if MODE in ("v1", "v2"):
        # Provisions once more, as Vagrant would: it must find nothing to do, and
        # print nothing.
        again = subprocess.run([PROVISION, "lab", MODE], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines += [f"provisioned again: {line}" for line in again.stdout.splitlines()]
        lines += [f"provisioned again: exit status {again.returncode}"] if again.returncode else []
    return "\n".join(lines)


def test():
    SCRATCH.mkdir(exist_ok=True)
    send({"machine": facts().encode()})
    run_pass(MODE, WORDS["lab.programs"])
    run_pages(MODE, filter(None, WORDS["lab.pages"].split(",")))
    # Without swap the OOM killer enforces a memory limit: the other half of chapters 7 and
    # 8.
    if WORDS["lab.noswap"]:
        subprocess.run(["swapoff", "-a"], check=True)
        run_pass(f"{MODE}-noswap", WORDS["lab.noswap"])
    send({"finished": b""})


if __name__ == "__main__":
    {"prepare": prepare, "test": test}[sys.argv[1]]()
