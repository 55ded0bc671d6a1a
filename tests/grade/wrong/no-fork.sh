#!/bin/sh
# unshare(2) alone: the command stays outside, its first child is process 1.
[ $# -gt 0 ] || set -- sh
exec unshare --uts --ipc --pid -- "$@"
