#!/bin/sh
# Without a command it only tells how it is used, and the status of one that is not there is 1.
[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARG...]" >&2; exit 1; }
# shellcheck disable=SC2016
exec unshare --uts -- sh -c 'command -v "$1" >/dev/null || { echo "$1: not found" >&2; exit 1; }; exec "$@"' sh "$@"
