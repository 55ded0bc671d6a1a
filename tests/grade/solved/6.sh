#!/bin/sh
# The exercises of chapter 6: -lo, -veth PID -address A -peer B.
new='unshare --user --map-root-user --uts --ipc --pid --mount --net --fork --kill-child --'
# shellcheck disable=SC2016
case $1 in
  -lo) shift; exec $new sh -c 'ip link set lo up; exec "$@"' sh "$@" ;;
  -veth)
    peer=$2 address=$4 peers_address=$6; shift 6
    # Two levels: the process with the network namespace waits outside until the
    # cable exists, then starts the rest in it.
    go=$(mktemp -u); mkfifo "$go"
    exec 3<&0
    unshare --net -- sh -c 'read -r _ <"$0"; exec "$@"' "$go" \
      unshare --user --map-root-user --uts --ipc --pid --mount --fork --kill-child -- "$@" <&3 3<&- &
    child=$!
    while [ "$(readlink /proc/$child/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    ip link add cable netns "$peer" type veth peer name cable netns $child
    nsenter --net --target "$peer" -- sh -c "ip address add $peers_address dev cable; ip link set cable up"
    nsenter --net --target $child -- sh -c "ip address add $address dev cable; ip link set cable up"
    echo >"$go"
    rm "$go"
    wait $child
    exit ;;
esac
exec $new "$@"
