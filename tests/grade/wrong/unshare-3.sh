#!/bin/sh
# Chapter 3 in five lines, as far as they go.
[ $# -gt 0 ] || set -- sh
exec unshare --uts --ipc --pid --fork -- "$@"
