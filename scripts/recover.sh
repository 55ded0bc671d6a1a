#!/usr/bin/env bash
#
# Removes what mydocker, or an experiment of its chapters, may have left behind:
# containers whose `run` is dead, according to their directories in /run/mydocker
# (common/container/container_directory.h), with their processes, cgroups and
# layers; mounts in containers' files; unions of chapter 11 whose process is
# dead; and mounts that hide the host's /proc. Leaves alone running containers,
# and anything without such a directory, like the cgroups that pages make by
# hand: it is somebody else's. Prints what it removed.

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

# Prints how many mounts on /proc lie above the one that should be visible: if
# another namespace's proc is among them, the highest below all of those. A lower
# mount becomes visible only when the upper ones are gone, so this unmounts them
# in its own mount namespace.
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
# If none should be visible, all of them are in the way.
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

# unmount_below DIR: unmounts everything on and below DIR, the last first. A
# container's mounts are in its own namespace; they are in this one only if they
# have propagated. Succeeds if all are gone.
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

# kill_processes DIR: kills all in this cgroup. By pid only immediately after
# reading it, since the kernel may reuse the pid once its process has ended. v2
# needs no pids since Linux 5.14.
declare -A killed
kill_processes() {
  local dir=$1 pid pids
  mapfile -t pids 2>/dev/null <"$dir/cgroup.procs" || return 0
  if [[ -e $dir/cgroup.kill ]]; then
    echo 1 2>/dev/null >"$dir/cgroup.kill" || true # A threaded one is killed with its parent.
  fi
  for pid in "${pids[@]}"; do
    # 0 stands for a process of a PID namespace that we do not see; kill 0 would hit us.
    if [[ ! -e $dir/cgroup.kill ]] && { ((pid == 0)) || ! kill -KILL "$pid" 2>/dev/null; }; then
      continue
    fi
    if [[ ! -v killed[$pid] ]]; then # It may still be listed the next time.
      killed[$pid]=1
      done_with "killed process $pid in $dir"
    fi
  done
}

# remove_cgroup DIR: kills its processes and removes the directory.
remove_cgroup() {
  local dir=$1 below deadline=$((SECONDS + 10))
  until rmdir "$dir" 2>/dev/null || [[ ! -d $dir ]]; do
    # The container may have made some below. First, since cgroup.kill also reaches
    # them, and what it killed there would not be reported.
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

# remove_layers DIR: removes the layers of a container; if it kept its changes,
# also overlayfs's directory beside them.
remove_layers() {
  local dir=$1 work
  # With a mount in it, we might remove the host's files.
  unmount_below "$dir" || return 0
  work=$(readlink "$dir/work") || work=
  [[ $work == *.work-${dir##*/} ]] || work=
  # That first, since only the link leads to it.
  if rm -rf --one-file-system ${work:+"$work"} && rm -rf --one-file-system "$dir"; then
    done_with "removed $dir"
  else
    failed=1 # rm has said why.
  fi
}

# is_gone "PID START NAMESPACES": whether the kernel says that this process has
# ended. False for one in another PID namespace, which has other pids.
is_gone() {
  local pid start namespaces stat fields
  read -r pid start namespaces <<<"$1"
  [[ $namespaces == "$(readlink /proc/self/ns/pid) $(readlink /proc/self/ns/time || echo -)" ]] || return 1
  if ! kill -0 "$pid" 2>/dev/null; then
    return 0
  fi
  { stat=$(<"/proc/$pid/stat"); } 2>/dev/null || return 1
  # After the name, which may contain spaces: the state is field 3, the start 22.
  read -ra fields <<<"${stat##*) }"
  ((start != 0)) && [[ ${fields[19]} != "$start" || ${fields[0]} == [ZX] ]]
}

# unmount_dead_unions: chapter 11's mounts whose process is gone ("Transport
# endpoint is not connected"). For stat(1), the kernel has to ask the process; a
# living one answers, however late.
unmount_dead_unions() {
  local point error
  while read -r point; do
    printf -v point %b "${point//\\/\\0}"
    error=$(LC_ALL=C stat --file-system "$point" 2>&1 >/dev/null) || true
    if [[ $error != *"Transport endpoint is not connected"* ]]; then
      say "left $point alone: its union is served"
    elif umount "$point"; then
      done_with "unmounted $point, a union whose process is gone"
    else
      failed=1 # umount has said why.
    fi
  done < <(awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) == "fuse.mydocker-union") print $5 }' \
    /proc/self/mountinfo | tac)
}

# kill_init "PID START NAMESPACES": kills a container's first process, and with it
# its whole PID namespace.
kill_init() {
  if [[ -n $1 ]] && ! is_gone "$1" && kill -KILL "${1%% *}" 2>/dev/null; then
    killed[${1%% *}]=1
    done_with "killed process ${1%% *}, the first of its container"
  fi
}

# remove_container DIR: removes everything that DIR, in /run/mydocker, lists; DIR
# itself last, and only if nothing else is left.
remove_container() {
  local dir=$1 cgroup files mount_point root before=$failed
  failed=0
  kill_init "$(readlink "$dir/init" || true)"
  if cgroup=$(readlink "$dir/cgroup"); then
    while read -r mount_point; do
      printf -v root %b "${mount_point//\\/\\0}"
      [[ ! -d $root/$cgroup ]] || remove_cgroup "$root/$cgroup"
    done < <(cgroup_mounts)
  fi
  # Not while a process may still use them.
  if ((failed == 0)) && files=$(readlink "$dir/files") && [[ -d $files ]]; then
    remove_layers "$files"
  fi
  if ((failed == 0)) && rm -f "$dir"/{init,files,cgroup,watcher.new} && rm -f "$dir/watcher" && rmdir "$dir"; then
    done_with "removed $dir"
  else
    before=1
  fi
  failed=$before
}

# The type follows the " - ".
cgroup_mounts() {
  awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo
}

# take_back DIR: the controllers that mydocker has handed down on cgroup v2 and
# that no cgroup needs any more (common/cgroup/controllers.h). DIR has a link to
# each cgroup that does.
take_back() {
  local dir=$1 link controller root file
  for link in "$dir"/*:*; do
    [[ $link == *:enabled || -e $link ]] || rm -f "$link"
  done
  for link in "$dir"/*:enabled; do
    controller=$(basename "${link%:enabled}")
    if root=$(readlink "$link") && [[ $(echo "$dir/$controller":*) == "$link" ]]; then
      for file in "$root"/{mydocker/,}cgroup.subtree_control; do
        [[ ! -e $file ]] || echo "-$controller" 2>/dev/null >"$file" || true # EBUSY: others rely on it.
      done
      rm -f "$link"
      done_with "took $controller back from the children of $root"
    fi
  done
  rmdir "$dir" 2>/dev/null || true
}

run=/run/mydocker
layers=/var/lib/mydocker
# One at a time: two at once would each report the other's work.
if [[ -d $run ]]; then
  exec {lock}>"$run/abandoned.lock"
  if ! flock --wait 5 "$lock"; then
    fail "another process has had $run/abandoned.lock locked for 5 s; sudo lslocks shows which"
  fi
fi
for dir in "$run"/*/; do
  dir=${dir%/}
  [[ ${dir##*/} =~ ^[0-9a-f]{12}$ ]] || continue
  if rmdir "$dir" 2>/dev/null; then
    done_with "removed $dir" # Its maker got no further.
  elif ! watcher=$(readlink "$dir/watcher") || [[ $watcher == nobody ]]; then
    say "left $dir alone: nobody watches this container, on purpose"
  elif is_gone "$watcher"; then
    remove_container "$dir"
  else
    say "left $dir alone: process ${watcher%% *} watches this container"
  fi
done
for dir in "$run"/v2-*/; do
  [[ ! -d $dir ]] || take_back "${dir%/}"
done

while read -r mount_point; do
  printf -v root %b "${mount_point//\\/\\0}"
  for dir in "$root"/mydocker/*/; do
    dir=${dir%/}
    if [[ -d $dir && ! -d $run/${dir##*/} ]]; then
      say "left $dir alone: there is no $run/${dir##*/}, so it is somebody else's"
    fi
  done
  if rmdir "$root/mydocker" 2>/dev/null; then
    done_with "removed $root/mydocker"
  fi
done < <(cgroup_mounts)

# After a reboot /run is empty, but the layers of the containers that ran are
# still there, and nobody has them locked.
for dir in "$layers"/*/; do
  dir=${dir%/}
  # Volumes outlive their containers.
  [[ -d $dir && ! -d $run/${dir##*/} && $dir != "$layers/volumes" ]] || continue
  if [[ ! ${dir##*/} =~ ^[0-9a-f]{12}$ ]]; then
    say "left $dir alone: it is no container's"
  elif flock --nonblock "$dir" true; then
    remove_layers "$dir"
  else
    say "left $dir alone: a process has it locked"
  fi
done
if rmdir "$layers" 2>/dev/null; then
  done_with "removed $layers"
fi
if [[ -n ${lock:-} ]]; then
  # While we hold the lock, so that nobody else's is removed. The others, unless in use.
  rm -f "$run/abandoned.lock"
  exec {lock}>&-
  for file in "$run"/*.lock; do
    [[ ! -e $file ]] || flock --nonblock "$file" rm -f "$file" || true
  done
  if rmdir "$run" 2>/dev/null; then
    done_with "removed $run"
  fi
fi

unmount_dead_unions
for rootfs in "$project"/build/rootfs{,-debian}; do
  unmount_below "$rootfs" || true
done

((removed > 0)) || say "nothing was left behind"
exit "$failed"
