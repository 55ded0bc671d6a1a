#!/bin/sh
# The exercises of chapter 1: -hostname NAME, -domainname NAME, -join PID. Wrong
# in one way if FAULT names it.
fail() { echo "$0: $*" >&2; exit 125; }
host='' domain='' enter='unshare --uts'
while :; do
  case $1 in
    -hostname) [ ${#2} -le 64 ] || [ "$FAULT" = any-length ] || fail "a host name has at most 64 bytes"; host=$2 ;;
    -domainname) domain=$2 ;;
    -join) [ -e "/proc/$2/ns/uts" ] || fail "no process $2"; enter="nsenter --uts --target $2" ;;
    *) break ;;
  esac
  shift 2
done
[ $# -gt 0 ] || set -- sh
# shellcheck disable=SC2016,SC2086
exec $enter -- sh -c '
  [ -z "$1" ] || hostname "$1"  # It reports an error, and nobody checks it.
  [ -z "$2" ] || echo "$2" >/proc/sys/kernel/domainname
  shift 2
  exec "$@"' sh "$host" "$domain" "$@"
