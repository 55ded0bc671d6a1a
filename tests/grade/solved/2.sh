#!/bin/sh
# The exercises of chapter 2: -msgmax BYTES, -ipc PID.
[ "$1" != -ipc ] || { pid=$2; shift 2; exec nsenter --ipc --target "$pid" -- unshare --uts -- "$@"; }
[ "$1" != -msgmax ] || { size=$2; shift 2; }
# shellcheck disable=SC2016
exec unshare --uts --ipc -- sh -c '[ -z "$0" ] || echo "$0" >/proc/sys/kernel/msgmax; exec "$@"' "${size:-}" "$@"
