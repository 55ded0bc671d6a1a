#!/bin/sh
# The exercises of chapter 5: -user N, -range FIRST:COUNT.
new='unshare --user --uts --ipc --pid --mount --fork --kill-child'
case $1 in
  -user) number=$2; shift 2; exec $new --map-user="$number" -- "$@" ;;
  -range)
    first=${2%:*} count=${2#*:}; shift 2
    # First a namespace with a map: a process that executes a program before the
    # map exists loses all capabilities. Then the command, as root in it.
    unshare --user -- sleep 1000 &
    holder=$!
    while [ "$(readlink /proc/$holder/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
    echo "0 $first $count" >/proc/$holder/uid_map
    echo "0 $first $count" >/proc/$holder/gid_map
    nsenter --user --target $holder --setuid 0 --setgid 0 -- \
      unshare --uts --ipc --pid --mount --fork --kill-child -- "$@"
    status=$?
    kill $holder
    exit $status ;;
esac
exec $new --map-root-user -- "$@"
