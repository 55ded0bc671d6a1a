#!/bin/sh
# The exercises of chapter 3: -depth N, -init, -keep DIR. Wrong in one way if
# FAULT names it.
new='unshare --uts --ipc --pid --fork --kill-child --'
case $1 in
  -depth)
    depth=$2; shift 2
    while [ "$depth" -gt 1 ]; do
      set -- unshare --pid --fork --kill-child -- "$@"
      depth=$((depth - 1))
    done
    exec $new "$@" ;;
  -init)
    shift
    # While dash waits, it also reaps orphans.
    # shellcheck disable=SC2016
    exec $new sh -c '
      exec 3<&0  # A process started with & has no input unless it is given one.
      "$@" <&3 3<&- & child=$!
      [ "$FAULT" = no-trap ] || trap "kill -TERM $child" TERM
      wait $child; status=$?
      while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
      exit $status' sh "$@" ;;
  -keep)
    directory=$2; shift 2
    for kind in uts ipc pid; do : >"$directory/$kind"; done
    [ "$FAULT" != plain-files ] || exec $new "$@"
    exec unshare --uts="$directory/uts" --ipc="$directory/ipc" --pid="$directory/pid" --fork --kill-child -- "$@" ;;
esac
exec $new "$@"
