#!/usr/bin/env bash
#
# image.sh DIR: makes the lab's machine in DIR, which must not exist yet:
#   root.img          Debian with systemd, prepared by vagrant/provision.sh itself
#   vmlinuz, initrd   its kernel; the host gets no kernel package
#   switches-VERSION  what provision.sh puts on the kernel's command line for v1, hybrid, v2
#
# No loop device, and nothing is ever mounted outside of mmdebstrap. DIR appears
# in one rename, when it is complete: whoever finds it may use it.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
readonly PROJECT=${HERE%/tests/lab}
readonly SUITE=bookworm  # systemd 252: the last Debian that still boots with cgroup v1
readonly TARGET=$1

# systemd, a login, what sets up devices, and what guest.py is written in;
# provision.sh adds what readers need.
readonly PACKAGES=systemd-sysv,udev,dbus,libpam-systemd,login,sudo,kmod,python3,linux-image-cloud-amd64

mkdir -p "${TARGET%/*}"
work=$(mktemp -d "${TARGET%/*}/making.XXXXXX")
# Without root, files of the image belong to other user ids: remove them as that root.
trap 'as_image_root rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Without root: in a user namespace in which we are.
as_image_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    unshare --user --map-root-user --map-auto "$@"
  fi
}

# What the guest is beyond Debian and provision.sh. Runs as root, $1 is its root directory.
export PROJECT
# shellcheck disable=SC2016  # expanded by the hook's shell
readonly SET_UP='
  set -eu
  root=$1
  mkdir -p "$root/mydocker"
  cp -r "$PROJECT/vagrant" "$root/mydocker/"
  chroot "$root" /mydocker/vagrant/provision.sh packages build run test docs
  chroot "$root" /mydocker/vagrant/provision.sh greeting
  for version in v1 hybrid v2; do
    chroot "$root" /mydocker/vagrant/provision.sh kernel-switches $version >"$root/boot/switches-$version"
  done
  chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash student
  touch "$root/root/.hushlogin"  # our greeting is enough
  echo lab >"$root/etc/hostname"
  echo "127.0.0.1 localhost lab" >"$root/etc/hosts"
  printf "%s\n" "/dev/vda / ext4 defaults 0 1" "LABEL=mydocker /mydocker ext4 defaults 0 2" >"$root/etc/fstab"
  # The project is a disk of its own: the image must not change when the project does.
  rm -r "$root/mydocker" && mkdir "$root/mydocker"
  cp "$PROJECT"/tests/lab/units/* "$root/etc/systemd/system/"
  chroot "$root" systemctl --quiet enable lab-prepare.service lab-test.service lab-shell.service
  # Work that comes by the clock would be counted as left behind by a test.
  chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer systemd-timesyncd.service \
    serial-getty@.service getty@.service
'

mkdir "$work/root"
echo "lab: making the image of Debian $SUITE (once; a minute or two)"
# The root comes as a tar archive, so that all of this works with and without root.
mmdebstrap --variant=minbase --include="$PACKAGES" --skip=output/dev \
  --customize-hook="$SET_UP" "$SUITE" - >"$work/root.tar" 2>"$work/log" || {
  tail -n 30 "$work/log" >&2
  echo "lab: mmdebstrap could not make the image; its last words are above" >&2
  exit 1
}
mkdir "$work/done"
# shellcheck disable=SC2016
as_image_root bash -euc '
  tar -C "$1/root" -xf "$1/root.tar"
  rm "$1/root.tar"
  mkdir "$1/root/dev"  # empty: the kernel fills it
  cp "$1"/root/boot/vmlinuz-* "$1/done/vmlinuz"
  cp "$1"/root/boot/initrd.img-* "$1/done/initrd"
  mv "$1"/root/boot/switches-* "$1/done/"
  # Large enough for a swap file and the tests; the holes take no room here.
  /sbin/mke2fs -qF -t ext4 -L lab -E lazy_itable_init=1,root_owner=0:0 -d "$1/root" "$1/done/root.img" 5G >/dev/null
  chmod 644 "$1"/done/*
' - "$work"
mv -T "$work/done" "$TARGET"
