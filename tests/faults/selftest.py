#!/usr/bin/python3
"""Does the table tell right from wrong? `make test-faults-selftest` calls this.

Removes a clean-up, or a check, from chapter 8 (wrong/*.patch), and tests whether
the table reports it, with the fault and the call.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.append(str(ROOT / "tests/grade"))

from fidelity import build_patched  # noqa: E402
from lessons import LessonError  # noqa: E402

CHAPTER = "08-run-init"
LEFT = r"left cgroup /sys/fs/cgroup\S*/mydocker"
# patch, part of the table, expected message
ROWS = (
    ("no-destructor", "run .*write#.* EBUSY", LEFT),
    ("not-once-more", 'run .*rmdir#.*/mydocker" EACCES', LEFT),
    ("abandoned-stay", "run .*clone3#.* SIGKILL", "the next run " + LEFT),
    ("orphaned", "run .*poll#.* SIGKILL", r"left process \d+: busybox"),
    ("limit-lost", "init .*write#.* EACCES", 'limit of memory: "", not 67108864'),
    # SIGTERM also ends a container that has missed an earlier signal.
    ("left-on-sigterm", "storm .* signal", r"seed .* ms: left cgroup"),
    ("says-not-why", 'init mount#.*"/proc".* EPERM', "the line does not say EPERM"),
    ("", "init (mount|write)#.* EPERM", ""),
)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    if os.geteuid() != 0:
        # sudo would drop these variables; env sets them again.
        settings = [f"{name}={os.environ[name]}" for name in ("COMPILE", "LINK")]
        os.execvp("sudo", ["sudo", "--", "env", *settings, sys.executable, *sys.argv])
    passed = 0
    with tempfile.TemporaryDirectory(dir=build, prefix="faults-") as name:
        scratch = pathlib.Path(name)
        for patch, only, expected in ROWS:
            command = [sys.executable, str(HERE / "faults.py"), str(build), "--chapter", "8", "--only", only,
                       "--table", str(scratch / "table")]
            if patch:
                program = build_patched(build, scratch, CHAPTER, HERE / "wrong" / f"{patch}.patch")
                command += ["--program", str(program)]
            done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  check=False)
            said = re.search(r"^ +" + expected, done.stdout, re.MULTILINE)
            right = done.returncode == 1 and said if patch else done.returncode == 0
            passed += bool(right)
            print(f"{'ok   ' if right else 'FAIL '} {patch or 'nothing taken out':<18} {only}")
            print(f"        {said[0].strip() if patch and said else done.stdout.splitlines()[-1:]}", flush=True)
            if not right:
                print(done.stdout + done.stderr)
    print(f"{passed} passed, {len(ROWS) - passed} failed, 0 skipped")
    sys.exit(passed != len(ROWS))


if __name__ == "__main__":
    try:
        main()
    except LessonError as error:
        sys.exit(str(error))
