#!/bin/sh
# Chapter 6 in five lines, as far as they go.
[ $# -gt 0 ] || set -- sh
exec unshare --user --map-root-user --uts --ipc --pid --fork --mount --net -- "$@"
