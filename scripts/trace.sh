#!/usr/bin/env bash
#
# trace.sh N: chapter N's program under strace, showing only the system calls
# that the chapters up to N teach.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

number=$1
# What each chapter adds.
declare -A taught=(
  [0]="openat readlink"
  [1]="clone3 execve waitid"
  [4]="mount"
  [5]="openat write"
  [7]="mkdir rmdir"
  [8]="pipe2 read"
  [9]="execveat keyctl open_tree move_mount pivot_root umount2 mknod sethostname"
  [10]="chdir symlink"
  [12]="openat2 mount_setattr fsopen fsconfig fsmount prlimit64 setgroups setresgid setresuid"
)
calls=()
# Chapter 0's calls are for chapter 0 alone.
for ((chapter = number > 0; chapter <= number; chapter++)); do
  read -ra added <<<"${taught[$chapter]:-}"
  calls+=("${added[@]}")
done
# An arm64 kernel has only the variants of these that also take a directory, and
# the C library calls those.
if [[ $(uname -m) == aarch64 ]]; then
  declare -A there=([mkdir]=mkdirat [mknod]=mknodat [readlink]=readlinkat [rmdir]=unlinkat [symlink]=symlinkat)
  for i in "${!calls[@]}"; do
    calls[i]=${there[${calls[i]}]:-${calls[i]}}
  done
fi
trace_calls=$(IFS=, && echo "${calls[*]}")

# By its path: a search through PATH would show many execve calls.
command=(./run /bin/true)
((number > 0)) || command=(./run self)
((number < 8)) || command=(./mydocker run -m 100m /bin/true)
((number < 9)) || command=(./mydocker run -rootfs build/rootfs -pids-limit 10 /bin/true)
((number < 10)) || command=(./mydocker run -layer build/rootfs /bin/true)
((number < 12)) || command=(./mydocker run -layer build/rootfs -v /etc/hostname:/etc/host:ro -tmpfs /tmp -read-only
  -u 1000 -ulimit nofile=64 /bin/true)

trace=(strace -f -qqq --signal=none --string-limit=80 --trace="$trace_calls")
# The other chapters need no root.
case $number in
  0 | 5 | 6) ;;
  *) ((EUID == 0)) || trace=(sudo "${trace[@]}") ;;
esac
echo "${trace[*]} ${command[*]}"
"${trace[@]}" "${command[@]}"
