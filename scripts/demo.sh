#!/usr/bin/env bash
#
# The articles' experiment: a program that allocates 200 MB, in a container
# without a limit, and in one limited to 100 MB. All numbers are from the
# kernel's files.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ((EUID != 0)); then
  exec sudo -- "${BASH_SOURCE[0]}"
fi

readonly STRESS=(stress --vm-bytes 200m --vm-keep -m 1)
readonly WANTED=$((199 * 1048576)) # stress counts a little less than its 200m
readonly LIMIT=100m
# The tolerance: the pages of its own file may be charged to the cgroup that read
# them first.
readonly MOST=$((101 * 1048576))
log=$(mktemp)
run_pid=
finish() {
  [[ -z $run_pid ]] || kill "$run_pid" 2>/dev/null || true
  wait
  rm -f "$log"
}
trap finish EXIT

mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }

# steps: what `run -verbose` has logged so far, without the milliseconds at the end.
steps() { sed -E 's/ \([0-9.]+ ms\)$//' "$log"; }

# start FLAG...: the experiment in a container, in the background. Sets run_pid,
# and cgroup to the directory where the container's memory is counted.
start() {
  local patience=$((SECONDS + 120))
  echo "\$ mydocker run${*:+ }$* ${STRESS[*]}"
  ./mydocker run -verbose "$@" "${STRESS[@]}" >/dev/null 2>"$log" &
  run_pid=$!
  until steps | grep ' as process 1$' >/dev/null; do
    if ((SECONDS > patience)) || ! kill -0 "$run_pid" 2>/dev/null; then
      echo "the container did not start:" >&2
      cat "$log" >&2
      exit 1
    fi
  done
  # On cgroup v1 each controller has its own cgroup, on v2 one serves all.
  cgroup=$(steps | sed -n 's/.* made cgroup //p' | grep -m1 /memory/ ||
    steps | sed -n 's/.* made cgroup //p' | tail -n 1)
  if [[ -e $cgroup/memory.limit_in_bytes ]]; then
    version=v1 limit_file=memory.limit_in_bytes use_file=memory.usage_in_bytes
  else
    version=v2 limit_file=memory.max use_file=memory.current
  fi
}

# sample: measures the container's largest process. Sets resident and swapped, the
# bytes that it has in memory and in swap.
sample() {
  local pid fields r w
  resident=0 swapped=0
  while read -r pid; do
    fields=$(awk '/^VmRSS/ { r = $2 } /^VmSwap/ { w = $2 } END { print r + 0, w + 0 }' \
      "/proc/$pid/status" 2>/dev/null) || continue
    read -r r w <<<"$fields"
    ((r + w <= (resident + swapped) / 1024)) || resident=$((r * 1024)) swapped=$((w * 1024))
  done < <(cat "$cgroup/cgroup.procs" 2>/dev/null)
}

# follow: until the largest process has all its memory, in RAM or in swap, or the
# container has ended. Sets most to its peak in RAM.
follow() {
  most=0
  while kill -0 "$run_pid" 2>/dev/null; do
    sample
    ((resident <= most)) || most=$resident
    ((resident + swapped < WANTED)) || return 0
  done
}

# stop: ends the container, if it has not ended. Sets status to its exit status.
stop() {
  status=0
  kill "$run_pid" 2>/dev/null || true
  wait "$run_pid" || status=$?
  run_pid=
}

# refute MESSAGE: the result is not what this page of the book says.
refute() {
  echo "demo: $*" >&2
  exit 1
}

echo "== 1. Without a limit: stress asks for 200 MB, and gets it"
echo
start
follow
echo "  the limit in $cgroup/$limit_file (cgroup $version): $(<"$cgroup/$limit_file")"
[[ $version = v2 ]] || echo "  (the largest number that the kernel counts to: no limit)"
echo "  its use in $use_file: $(mib "$(<"$cgroup/$use_file")")"
echo "  stress holds $(mib "$most") of memory (VmRSS in /proc/PID/status)"
without=$most
stop

echo
echo "== 2. With -m $LIMIT: stress asks for 200 MB again"
echo
start -m "$LIMIT"
limit=$(cat "$cgroup/$limit_file" 2>/dev/null) || limit="(the container has ended already)"
echo "  the limit in $cgroup/$limit_file: $limit"
follow
used=$(cat "$cgroup/$use_file" 2>/dev/null) || used=0
stop
((most <= MOST)) || refute "stress had $(mib "$most"): the limit does not hold"
if sed -n 's/^mydocker: out of memory/  mydocker says: out of memory/p' "$log" | grep .; then
  echo "  the container's exit status: $status"
  echo
  echo "$(mib "$without") without a limit; with one, stress was ended when it wanted more than"
  echo "$LIMIT: without enough swap, the kernel's only way to keep the limit is the OOM killer."
  echo "(The articles' machine had swap; there stress lives on, with 100 MB of memory.)"
elif ((swapped > 0)); then
  echo "  its use in $use_file: $(mib "$used")"
  echo "  stress holds $(mib "$resident") of memory (VmRSS), and $(mib "$swapped") in swap (VmSwap), where"
  echo "  the kernel put it to keep the container within its limit"
  echo
  echo "$(mib "$without") without a limit, $(mib "$most") at the most with one: the limit holds."
else
  refute "the container ended with $status, and not by the OOM killer:" "$(<"$log")"
fi
if compgen -G "${cgroup%/*}/*/" >/dev/null; then
  echo "Other containers are running: their cgroups are in ${cgroup%/*}."
else
  echo "Both containers are gone, and so are their cgroups."
fi
