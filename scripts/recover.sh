#!/usr/bin/env bash
#
# Removes what mydocker, or an experiment of its chapters, may have left behind:
# cgroups and layers whose `run` is dead, with the processes in them, and a host
# /proc that is hidden by another namespace's. Containers that run are left
# alone. Says what it removed.

set -euo pipefail

if ((EUID != 0)); then
  exec sudo -- "${BASH_SOURCE[0]}"
fi

removed=0
failed=0
say() { echo "recover: $*"; }

# A proc of a PID namespace that we are not in has no entry for us.
while [[ ! -e /proc/self ]] && umount /proc; do
  say "unmounted another PID namespace's proc from /proc"
  removed=$((removed + 1))
done
if [[ ! -e /proc/self ]]; then
  mount -t proc proc /proc
  say "mounted proc on /proc"
  removed=$((removed + 1))
fi

# remove_cgroup DIR: kills what is inside and removes the directory.
remove_cgroup() {
  local dir=$1 pid deadline=$((SECONDS + 10))
  until rmdir "$dir" 2>/dev/null || [[ ! -d $dir ]]; do
    while read -r pid; do
      if ((pid > 0)) && kill -KILL "$pid" 2>/dev/null; then
        say "killed process $pid in $dir"
        removed=$((removed + 1))
      fi
    done <"$dir/cgroup.procs"
    if ((SECONDS > deadline)); then
      say "cannot remove $dir: $(wc -l <"$dir/cgroup.procs") processes stay in it" >&2
      failed=1
      return
    fi
    sleep 0.01 # A killed process leaves its cgroup a moment later.
  done
  say "removed $dir"
  removed=$((removed + 1))
}

# Field 5 is the mount point; the type stands behind the " - ".
while read -r mount_point; do
  root=$(printf '%b' "${mount_point//\\/\\0}")
  parent=$root/mydocker
  [[ -d $parent ]] || continue
  # As `run` does while it makes a cgroup: between mkdir and its own lock that
  # cgroup looks abandoned.
  exec {lock}<"$root"
  flock "$lock"
  for dir in "$parent"/*/; do
    dir=${dir%/}
    [[ -d $dir ]] || continue
    # The `run` that made it holds a lock on it for as long as it lives.
    if flock --nonblock "$dir" true; then
      remove_cgroup "$dir"
    else
      say "left $dir alone: its container runs"
    fi
  done
  if rmdir "$parent" 2>/dev/null; then
    say "removed $parent"
    removed=$((removed + 1))
  fi
  exec {lock}<&-
done < <(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo)

# The layers of containers whose run is dead; it holds a lock here, too.
layers=/var/lib/mydocker
if [[ -d $layers ]]; then
  exec {lock}<"$layers"
  flock "$lock"
  for dir in "$layers"/*/; do
    dir=${dir%/}
    [[ -d $dir ]] || continue
    if flock --nonblock "$dir" true; then
      # Of a container that kept its changes: the folder beside them.
      [[ ! -L $dir/work ]] || rm -rf --one-file-system "$(readlink "$dir/work")"
      rm -rf --one-file-system "$dir"
      say "removed $dir"
      removed=$((removed + 1))
    else
      say "left $dir alone: its container runs"
    fi
  done
  if rmdir "$layers" 2>/dev/null; then
    say "removed $layers"
    removed=$((removed + 1))
  fi
  exec {lock}<&-
fi

((removed > 0)) || say "nothing was left behind"
exit "$failed"
