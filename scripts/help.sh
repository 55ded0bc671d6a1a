#!/usr/bin/env bash
#
# Lists the targets of make.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

echo "make chapterN, or its name, builds a chapter's program and leaves it here as ./run"
echo "(from chapter 8 also as ./mydocker):"
echo
for main in chapters/*/main.cc; do
  dir=${main%/main.cc}
  dir=${dir#chapters/}
  idea=$(sed -nE '1s|^// Chapter [0-9]+: (.*)\.$|\1|p' "$main")
  printf '  chapter%-3s %-15s %s\n' "$((10#${dir%%-*}))" "${dir#*-}" "$idea"
done
cat <<'END'

  make            build every chapter
  make doctor     is this machine ready for each chapter?
  make demo       see a container held to its memory limit
  make test       run every test (as root, or with sudo)
  make diffN      what chapter N adds to the chapter before
  make traceN     the system calls of chapter N, as it makes them
  make startN     your own version of chapter N: a beginning in workshop/, and a task
  make workshopN, gradeN    build it; check it (RUN=path: another program; EX=n: an exercise)
  make progress, solutionN    your scores; at the full score, how ours differs
  make grade-fidelity    does the grader tell right from wrong? (CHAPTER="1 2": of these)
  make recover    remove what dead containers left behind, and what hides /proc
  make rootfs-busybox   a small root file system in build/rootfs, for chapter 9 on
  make rootfs-debian    a Debian one in build/rootfs-debian (downloads it)
  make escape     a program that walks out of a chroot: chapter 9
  make deps       install what is missing from vagrant/packages.txt (FOR=all: for every target)
  make test-faults    every system call of run and init fails, one at a time (ONLY=regex, CHAPTER="8 9")
  make test-faults-selftest    does that table see a clean-up that is not there?
  make test-lab   run the tests on kernels with cgroup v1, hybrid and v2 (MODE=v2, ONLY=regex, ARCH=arm64)
  make lab MODE=v2    a shell in such a kernel (v1, hybrid, v2; ARCH=arm64)
  make test-sanitizers    the tests, with the programs watching their own memory
  make fuzz-smoke the code that parses, fed with nonsense: each target for 20 seconds (SECONDS=60)
  make fuzz TARGET=handshake SECONDS=3600    one target, for longer; without TARGET all of them
  make bench      how fast it is beside crun, runc, bubblewrap: into docs/bench.md
  make bench-check    is it still as fast as we say?
  make docs       write the pages' code from the sources, and draw the pictures
  make docs-check     are the pages' code, links and pictures what they should be?
  make docs-test      run the pages' sessions and compare (PAGE=03-pid-ns: of one page)
  make docs-update    the same, and write what came out into the pages
  make docs-tools-test    the tests of what does all that
  make format, lint, clean
END
