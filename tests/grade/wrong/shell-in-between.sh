#!/bin/sh
# Process 1 is a shell that waits for the command.
[ $# -gt 0 ] || set -- sh
exec unshare --uts --ipc --pid --fork --kill-child -- sh -c '"$@"; exit $?' sh "$@"
