#!/bin/bash
# The exercises of chapter 8: exec PID COMMAND, ps. The rest is the chapter's
# own program.
set -e
mapfile -t hierarchies < <(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo)
case $1 in
  exec)
    pid=$2
    shift 2
    for hierarchy in "${hierarchies[@]}"; do
      for cgroup in "$hierarchy"/mydocker/*/; do
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
  *) exec "$(dirname "$0")/../../../build/chapters/08-run-init/run" "$@" ;;
esac
