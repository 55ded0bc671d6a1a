#!/bin/sh
# The exercises of chapter 5: -user N, -range FIRST:COUNT.
new='unshare --user --uts --ipc --pid --mount --fork --kill-child'
case $1 in
  -user) number=$2; shift 2; exec $new --map-user="$number" -- "$@" ;;
  -range)
    first=${2%:*} count=${2#*:}; shift 2
    go=$(mktemp -u); mkfifo "$go"
    # Whoever waits here is nobody until the map is there.
    # shellcheck disable=SC2016
    unshare --user -- sh -c 'read -r _ <"$0"; exec setpriv --reuid 0 --regid 0 --clear-groups -- "$@"' "$go" \
      unshare --uts --ipc --pid --mount --fork --kill-child -- "$@" <&0 &
    child=$!
    chmod 666 "$go"
    while [ "$(readlink /proc/$child/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
    echo "0 $first $count" >/proc/$child/uid_map
    echo "0 $first $count" >/proc/$child/gid_map
    echo >"$go"
    rm "$go"
    wait $child
    exit ;;
esac
exec $new --map-root-user -- "$@"
