#!/usr/bin/env bash
#
# sysroot.sh ARCH DIR: unpacks into DIR the libraries to build for this other
# architecture: those of the groups build and test in vagrant/packages.txt (the
# packages named …-dev), and their dependencies. Nothing is installed: dpkg
# refuses some of them for two architectures at once.
#
# The packages are those of the lab's Debian, which has an old C library: programs
# linked with it also run on newer machines.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly ARCH=$1 DIR=$2

packages=$(vagrant/provision.sh list build test | grep -- '-dev$' | sort -u | paste -sd ,)
if [[ -f $DIR/packages && $(<"$DIR/packages") == "$packages" ]]; then
  touch "$DIR/packages"
  exit
fi

mkdir -p "${DIR%/*}"
work=$(mktemp -d "$DIR.XXXXXX")
trap 'rm -rf "$work"' EXIT

echo "sysroot.sh: unpacking libraries for $ARCH: ${packages//,/ }"
# As a tar archive: in a directory, files made by mmdebstrap without root would
# belong to other users.
mmdebstrap --quiet --variant=extract --architectures="$ARCH" --include="$packages" --format=tar bookworm - \
  >"$work/archive" 2>"$work/log" || {
  tail -n 20 "$work/log" >&2
  echo "sysroot.sh: mmdebstrap could not fetch these packages for $ARCH; its last words are above" >&2
  exit 1
}
mkdir "$work/root"
tar -C "$work/root" --exclude=./dev -xf "$work/archive" --no-same-owner
echo "$packages" >"$work/root/packages"
rm -rf "$DIR"
mv -T "$work/root" "$DIR"
