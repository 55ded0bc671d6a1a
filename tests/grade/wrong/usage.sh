#!/bin/sh
# Without a command it only prints its usage, and for a missing command the status is 1.
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARG...]" >&2; exit 1; }
# shellcheck disable=SC2016
exec unshare --uts -- sh -c 'command -v "$1" >/dev/null || { echo "$1: not found" >&2; exit 1; }; exec "$@"' sh "$@"
