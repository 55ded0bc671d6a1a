#!/bin/sh
# Chapter 2 in five lines, as far as they go.
[ $# -gt 0 ] || set -- sh
exec unshare --uts --ipc -- "$@"
