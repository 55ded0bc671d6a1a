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
# shellcheck disable=SC2317 # called by clean
remove_cgroup() {
  local dir=$1 pid below deadline=$((SECONDS + 10))
  until rmdir "$dir" 2>/dev/null || [[ ! -d $dir ]]; do
    while read -r pid; do
      if ((pid > 0)) && kill -KILL "$pid" 2>/dev/null; then
        say "killed process $pid in $dir"
        removed=$((removed + 1))
      fi
    done <"$dir/cgroup.procs"
    for below in "$dir"/*/; do # The container may have made some.
      [[ ! -d $below ]] || remove_cgroup "${below%/}"
    done
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

# remove_layers DIR: the layers of a container; of one that kept its changes,
# also the folder beside them.
# shellcheck disable=SC2317 # called by clean
remove_layers() {
  local dir=$1
  [[ ! -L $dir/work ]] || rm -rf --one-file-system "$(readlink "$dir/work")"
  rm -rf --one-file-system "$dir"
  say "removed $dir"
  removed=$((removed + 1))
}

# clean PARENT LOCKED REMOVE: removes what is abandoned in PARENT, and PARENT
# itself if it is empty. LOCKED is what `run` locks while it makes a directory
# there: between mkdir and its own lock, that directory looks abandoned.
clean() {
  local parent=$1 locked=$2 remove=$3 dir lock
  [[ -d $parent ]] || return 0
  exec {lock}<"$locked"
  flock "$lock"
  for dir in "$parent"/*/; do
    dir=${dir%/}
    [[ -d $dir ]] || continue
    # The `run` that made it holds a lock on it for as long as it lives.
    if flock --nonblock "$dir" true; then
      "$remove" "$dir"
    else
      say "left $dir alone: its container runs"
    fi
  done
  if rmdir "$parent" 2>/dev/null; then
    say "removed $parent"
    removed=$((removed + 1))
  fi
  exec {lock}<&-
}

# Field 5 is the mount point; the type stands behind the " - ".
while read -r mount_point; do
  root=$(printf '%b' "${mount_point//\\/\\0}")
  clean "$root/mydocker" "$root" remove_cgroup
done < <(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo)

clean /var/lib/mydocker /var/lib/mydocker remove_layers

((removed > 0)) || say "nothing was left behind"
exit "$failed"
