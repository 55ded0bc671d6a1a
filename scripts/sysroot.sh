#!/usr/bin/env bash
#
# sysroot.sh ARCH DIR: unpacks into DIR the libraries to build for this other
# architecture: those of the groups build and test in vagrant/packages.txt (the
# packages named …-dev), and what they depend on. Nothing is installed: dpkg would
# not have some of them for two architectures at once.
#
# The packages are those of the lab's Debian, which has the old C library: what
# is linked with it runs on newer machines too.

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
# As a tar archive: what mmdebstrap makes without root belongs to others.
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
