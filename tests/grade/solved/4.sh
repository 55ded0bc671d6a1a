#!/bin/sh
# The exercises of chapter 4: -proc, -volume SOURCE:TARGET[:ro]. Wrong in one way
# if FAULT names it.
proc='' volume=''
case $1 in
  -proc) proc=yes; shift ;;
  -volume) volume=$2; shift 2 ;;
esac
# shellcheck disable=SC2016
exec unshare --uts --ipc --pid --fork --kill-child --mount -- sh -c '
  proc=$1 volume=$2
  shift 2
  [ -z "$proc" ] || mount -t proc proc /proc || exit 125
  if [ -n "$volume" ]; then
    IFS=: read -r source target mode <<END
$volume
END
    mount --bind "$source" "$target" || exit 125
    [ "$mode" != ro ] || [ "$FAULT" = never-read-only ] || mount -o remount,bind,ro "$target" || exit 125
  fi
  exec "$@"' sh "$proc" "$volume" "$@"
