#!/usr/bin/env bash
#
# Removes what mydocker, or an experiment of its chapters, may have left behind:
# cgroups and layers whose `run` is dead, with the processes in them; mounts in
# containers' files; and what hides the host's /proc. Containers that run are
# left alone, and so is whatever has no container's name, such as the cgroups
# that pages make by hand: it may be somebody else's. Says what it removed.

# shellcheck disable=SC2317 # clean is told what to call
set -euo pipefail

if ((EUID != 0)); then
  exec sudo -- "${BASH_SOURCE[0]}"
fi
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

removed=0
failed=0
say() { echo "recover: $*"; }
done_with() {
  say "$@"
  removed=$((removed + 1))
}
fail() {
  say "$@" >&2
  failed=1
}

# A proc of a PID namespace that we are not in has no entry for us.
shows_us() { [[ -e /proc/self ]]; }

# Prints how many mounts on /proc lie above the one that should be seen: where
# another namespace's proc is among them, the highest below all of those. What
# lies below shows only when what hides it is gone, so this takes them off in a
# mount namespace of its own.
count_hiding() {
  # shellcheck disable=SC2016 # for the other shell
  unshare --mount sh -c '
    gone=0 hiding=0 hidden=
    while
      if [ ! -e /proc/self ]; then
        hidden=1
      elif [ $hidden ]; then
        hidden= hiding=$gone
      fi
      umount /proc 2>/dev/null
    do
      gone=$((gone + 1))
    done
    echo $hiding'
}

hiding=$(count_hiding)
# Where there is none to be seen, all of them are in the way.
while ((hiding > 0)) || ! shows_us; do
  umount /proc || break
  hiding=$((hiding - 1))
  done_with "unmounted from /proc a proc that hid the host's"
done
((hiding <= 0)) || failed=1 # umount has said why.
if ! shows_us; then
  mount -t proc proc /proc
  done_with "mounted proc on /proc"
fi

# unmount_below DIR: what is mounted there and on DIR itself, the last first. A
# container's mounts are in a namespace of its own; in this one they are only if
# they have propagated. Whether all are gone.
unmount_below() {
  local dir=$1 point good=true
  while read -r point; do
    printf -v point %b "${point//\\/\\0}" # It has octal escapes.
    if [[ $point/ != "$dir"/* ]]; then
      continue
    elif umount "$point"; then
      done_with "unmounted $point"
    else
      good=false failed=1 # umount has said why.
    fi
  done < <(awk '{ print $5 }' /proc/self/mountinfo | tac)
  "$good"
}

# kill_processes DIR: those in this cgroup. By number only just after it has
# been read, for when its process has ended, it may be another's. From Linux
# 5.14 on, v2 needs no numbers.
declare -A killed
kill_processes() {
  local dir=$1 pid pids
  mapfile -t pids 2>/dev/null <"$dir/cgroup.procs" || return 0
  if [[ -e $dir/cgroup.kill ]]; then
    echo 1 2>/dev/null >"$dir/cgroup.kill" || true # A threaded one goes with that above it.
  fi
  for pid in "${pids[@]}"; do
    # 0 is one of a PID namespace that we do not see; to kill it means ourselves.
    if [[ ! -e $dir/cgroup.kill ]] && { ((pid == 0)) || ! kill -KILL "$pid" 2>/dev/null; }; then
      continue
    fi
    if [[ ! -v killed[$pid] ]]; then # It may still be there the next time.
      killed[$pid]=1
      done_with "killed process $pid in $dir"
    fi
  done
}

# remove_cgroup DIR: kills what is inside and removes the directory.
remove_cgroup() {
  local dir=$1 below deadline=$((SECONDS + 10))
  until rmdir "$dir" 2>/dev/null || [[ ! -d $dir ]]; do
    # The container may have made some below. First, for cgroup.kill reaches them
    # too, and what it killed there would be told by nobody.
    for below in "$dir"/*/; do
      [[ ! -d $below ]] || remove_cgroup "${below%/}"
    done
    kill_processes "$dir"
    if ((SECONDS > deadline)); then
      fail "cannot remove $dir: $(wc -l <"$dir/cgroup.procs") processes stay in it"
      return
    fi
    sleep 0.01 # A killed process leaves its cgroup a moment later.
  done
  done_with "removed $dir"
}

# remove_layers DIR: the layers of a container; of one that kept its changes,
# also the folder beside them.
remove_layers() {
  local dir=$1 work
  # With a mount in it, what would be removed may be the host's.
  unmount_below "$dir" || return 0
  work=$(readlink "$dir/work") || work=
  [[ $work == *.work-${dir##*/} ]] || work=
  # That first, for without the link nobody would know of it.
  if rm -rf --one-file-system ${work:+"$work"} && rm -rf --one-file-system "$dir"; then
    done_with "removed $dir"
  else
    failed=1 # rm has said why.
  fi
}

# owner_of_lock DIR: who has it locked, as far as the kernel tells.
owner_of_lock() {
  local major minor inode pid
  read -r major minor inode < <(stat --format='%Hd %Ld %i' "$1")
  pid=$(awk -v file="$(printf '%02x:%02x:%d' "$major" "$minor" "$inode")" \
    '$2 == "FLOCK" && $6 == file { print $5; exit }' /proc/locks)
  echo "process ${pid:-?} ($(cat "/proc/$pid/comm" 2>/dev/null || echo unknown))"
}

# clean PARENT LOCKED REMOVE: removes what is abandoned in PARENT, and PARENT
# itself if it is empty. LOCKED is what `run` locks while it makes a directory
# there: between mkdir and its own lock, that directory looks abandoned.
clean() {
  local parent=$1 locked=$2 remove=$3 dir lock
  while :; do
    [[ -d $parent ]] || return 0
    exec {lock}<"$locked"
    if ! flock --wait 5 "$lock"; then
      fail "cannot look into $parent: $(owner_of_lock "$locked") has had $locked locked for 5 s"
      exec {lock}<&-
      return
    fi
    [[ ! $locked -ef /proc/self/fd/$lock ]] || break
    exec {lock}<&- # Removed while we waited for it: it keeps nobody out.
  done
  for dir in "$parent"/*/; do
    dir=${dir%/}
    [[ -d $dir ]] || continue
    if [[ ! ${dir##*/} =~ ^[0-9a-f]{12}$ ]]; then
      say "left $dir alone: it is no container's"
    # The `run` that made it holds a lock on it for as long as it lives.
    elif flock --nonblock "$dir" true; then
      "$remove" "$dir"
    else
      say "left $dir alone: its container runs"
    fi
  done
  if rmdir "$parent" 2>/dev/null; then
    done_with "removed $parent"
  fi
  exec {lock}<&-
}

# The type stands behind the " - ".
while read -r mount_point; do
  printf -v root %b "${mount_point//\\/\\0}"
  clean "$root/mydocker" "$root" remove_cgroup
done < <(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo)

clean /var/lib/mydocker /var/lib/mydocker remove_layers
for rootfs in "$project"/build/rootfs{,-debian}; do
  unmount_below "$rootfs" || true
done

((removed > 0)) || say "nothing was left behind"
exit "$failed"
