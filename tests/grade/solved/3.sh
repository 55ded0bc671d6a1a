#!/bin/sh
# The exercises of chapter 3: -depth N, -init.
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
    # dash waits for orphans too, while it waits.
    # shellcheck disable=SC2016
    exec $new sh -c '
      exec 3<&0  # What is started by & has no input but what it is given.
      "$@" <&3 3<&- & child=$!
      trap "kill -TERM $child" TERM
      wait $child; status=$?
      while kill -0 $child 2>/dev/null; do wait $child; status=$?; done
      exit $status' sh "$@" ;;
esac
exec $new "$@"
