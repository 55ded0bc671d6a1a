#!/bin/bash
# The exercises of chapter 7: -cpus N, -device-write-bps DEVICE:RATE. It expects
# the hierarchies where Debian and Ubuntu mount them. Wrong in one way if FAULT
# names it.
set -e
name=solved-7-$$
v2=/sys/fs/cgroup
[[ ! -d $v2/unified ]] || v2=$v2/unified
# place CONTROLLER: where it is on this host.
place() {
  if [[ -d /sys/fs/cgroup/$1 ]]; then
    echo "/sys/fs/cgroup/$1"
  else
    echo "+${1/blkio/io}" >"$v2/cgroup.subtree_control"
    echo "$v2"
  fi
}
case $1 in
  -cpus)
    root=$(place cpu) quota=$(awk -v cpus="$2" 'BEGIN { printf "%d", cpus * 100000 }')
    mkdir "$root/$name"
    if [[ -e $root/$name/cpu.max ]]; then
      echo "$quota 100000" >"$root/$name/cpu.max"
    else
      echo "$quota" >"$root/$name/cpu.cfs_quota_us"
    fi ;;
  -device-write-bps)
    root=$(place blkio) number=$(lsblk --nodeps --noheadings --output MAJ:MIN "${2%:*}")
    number=${number// /}
    mkdir "$root/$name"
    if [[ -e $root/$name/io.max ]]; then
      echo "$number wbps=${2#*:}" >"$root/$name/io.max"
    else
      echo "$number ${2#*:}" >"$root/$name/blkio.throttle.write_bps_device"
    fi ;;
  *) exec "$@" ;;
esac
shift 2
(
  [[ ${FAULT:-} == stays-outside ]] || echo "$BASHPID" >"$root/$name/cgroup.procs"
  exec "$@"
) || status=$?
rmdir "$root/$name"
exit "${status:-0}"
