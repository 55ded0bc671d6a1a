#!/bin/sh
# The command has ended, and nobody notices.
[ $# -gt 0 ] || set -- sh
unshare --uts -- "$@" <&0
exec sleep 1000
