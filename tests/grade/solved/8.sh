#!/bin/bash
# The exercises of chapter 8: exec PID COMMAND, ps, run -cputime. The rest is the
# chapter's own program. Wrong in one way if FAULT names it.
set -e
ours=$(dirname "$0")/../../../build/chapters/08-run-init/run
mapfile -t hierarchies < <(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo)
case $1 in
  exec)
    pid=$2
    shift 2
    for hierarchy in "${hierarchies[@]}"; do
      for cgroup in "$hierarchy"/mydocker/*/; do
        [[ $FAULT != without-limits ]] || break
        ! grep -qsx "$pid" "${cgroup}cgroup.procs" || echo $$ >"${cgroup}cgroup.procs"
      done
    done
    exec nsenter --target "$pid" --uts --ipc --pid --mount --net -- "$@" ;;
  ps)
    for hierarchy in "${hierarchies[@]}"; do
      for cgroup in "$hierarchy"/mydocker/*/; do
        [[ -e $cgroup ]] || continue
        while read -r pid; do
          ! grep -qs '^NSpid:.*[[:space:]]1$' "/proc/$pid/status" || echo "$(basename "$cgroup") $pid"
        done <"${cgroup}cgroup.procs"
      done
    done | sort -u ;;
  run)
    words=()
    for word in "$@"; do
      if [[ $word == -cputime ]]; then report=yes; else words+=("$word"); fi
    done
    [[ ${report:-} ]] || exec "$ours" "$@"
    "$ours" "${words[@]}" && status=0 || status=$?
    # cutime and cstime: the times of the processes that were waited for.
    read -ra stat <"/proc/$$/stat"
    echo "cpu time: $(((stat[15] + stat[16]) * 1000 / $(getconf CLK_TCK))) ms" >&2
    exit "$status" ;;
  *) exec "$ours" "$@" ;;
esac
