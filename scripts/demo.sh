#!/usr/bin/env bash
#
# The articles' experiment: a program that wants 200 MB, in a container without
# a limit, and in one that may have 100 MB. What is printed, the kernel's files
# say.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if ((EUID != 0)); then
  exec sudo -- "${BASH_SOURCE[0]}"
fi

readonly STRESS=(stress --vm-bytes 200m --vm-keep -m 1)
readonly LIMIT=100m
log=$(mktemp)
run_pid=
finish() {
  [[ -z $run_pid ]] || kill "$run_pid" 2>/dev/null || true
  wait
  rm -f "$log"
}
trap finish EXIT

mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }

# steps: what `run -v` has told so far, without the milliseconds at the end.
steps() { sed -E 's/ \([0-9.]+ ms\)$//' "$log"; }

# start FLAG...: the experiment in a container, in the background. Sets run_pid,
# and cgroup to the directory where the container's memory is counted.
start() {
  local patience=$((SECONDS + 120))
  echo "\$ mydocker run${*:+ }$* ${STRESS[*]}"
  ./mydocker run -v "$@" "${STRESS[@]}" >/dev/null 2>"$log" &
  run_pid=$!
  until steps | grep ' as process 1$' >/dev/null; do
    if ((SECONDS > patience)) || ! kill -0 "$run_pid" 2>/dev/null; then
      echo "the container did not start:" >&2
      cat "$log" >&2
      exit 1
    fi
  done
  # On cgroup v1 each controller has a place of its own, on v2 one place is all.
  cgroup=$(steps | sed -n 's/.* made cgroup //p' | grep -m1 /memory/ ||
    steps | sed -n 's/.* made cgroup //p' | tail -n 1)
  if [[ -e $cgroup/memory.limit_in_bytes ]]; then
    version=v1 limit_file=memory.limit_in_bytes use_file=memory.usage_in_bytes
  else
    version=v2 limit_file=memory.max use_file=memory.current
  fi
}

# largest_resident: the memory, in bytes, of the container's largest process.
largest_resident() {
  local pid largest=0 kib
  while read -r pid; do
    kib=$(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || continue
    ((${kib:-0} <= largest)) || largest=$kib
  done < <(cat "$cgroup/cgroup.procs" 2>/dev/null)
  echo $((largest * 1024))
}

# watch_until BYTES: follows the container until its largest process has that
# much, or the container has ended. Sets most to what it had at the most.
watch_until() {
  local now
  most=0
  while kill -0 "$run_pid" 2>/dev/null; do
    now=$(largest_resident)
    ((now <= most)) || most=$now
    ((most < $1)) || return 0
  done
}

stop() {
  kill "$run_pid" 2>/dev/null || true
  wait "$run_pid" || true
  run_pid=
}

has_swap() { (($(wc -l </proc/swaps) > 1)); }

echo "== 1. Without a limit: stress asks for 200 MB, and gets it"
echo
start
watch_until $((199 * 1048576))
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
if has_swap; then
  watch_until $((95 * 1048576))
  echo "  stress holds $(mib "$most") of memory; the rest of its 200 MB is in swap, where the"
  echo "  kernel put it to keep the container within its limit"
  stop
  echo
  echo "$(mib "$without") without a limit, $(mib "$most") with one: the limit holds."
else
  watch_until $((1 << 62))
  wait "$run_pid" || status=$?
  run_pid=
  sed -n 's/^mydocker: out of memory/  mydocker says: out of memory/p' "$log"
  echo "  the container's exit status: ${status:-0}"
  echo
  echo "$(mib "$without") without a limit; with one, stress was ended when it wanted more than"
  echo "$LIMIT: this machine has no swap, so the kernel's only way to keep the limit is the OOM"
  echo "killer. (The articles' machine had swap; there stress lives on, with 100 MB of memory.)"
fi
if compgen -G "${cgroup%/*}/*/" >/dev/null; then
  echo "Other containers are running: their cgroups are in ${cgroup%/*}."
else
  echo "Both containers are gone, and so are their cgroups."
fi
