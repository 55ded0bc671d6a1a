#!/usr/bin/env bash
#
# image.sh DIR ARCH: makes the lab's machine for this architecture (amd64, arm64)
# in DIR, which must not exist yet:
#   root.img          Debian with systemd, prepared by vagrant/provision.sh itself
#   vmlinuz, initrd   its kernel; the host gets no kernel package
#   vmlinuz-backports, initrd-backports   on amd64: a newer one, of Debian's backports
#   switches-VERSION  what provision.sh puts on the kernel's command line for v1, hybrid, v2
#
# It uses no loop device, and mounts nothing outside mmdebstrap. DIR appears in
# one rename, when it is complete: if it exists, it can be used.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
readonly PROJECT=${HERE%/tests/lab}
readonly SUITE=bookworm  # systemd 252: the last Debian that still boots with cgroup v1
readonly TARGET=$1
readonly ARCH=$2

# systemd, a login, udev for the devices, and Python for guest.py; provision.sh
# adds what readers need.
readonly PACKAGES=systemd-sysv,udev,dbus,libpam-systemd,login,sudo,kmod,python3,linux-image-cloud-$ARCH

mkdir -p "${TARGET%/*}"
work=$(mktemp -d "${TARGET%/*}/making.XXXXXX")
# Without root, files of the image belong to other user ids: remove them as that root.
trap 'as_image_root rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Without root: in a user namespace in which we are root.
as_image_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    unshare --user --map-root-user --map-auto "$@"
  fi
}

# Runs a command that executes programs of $ARCH. QEMU runs those of another
# processor if the kernel's binfmt_misc is set up for it. It is on most hosts
# with the package qemu-user-static; otherwise only this command gets its own
# binfmt_misc (Linux 6.7), in a user namespace with the same users.
emulating() {
  local rule=/usr/lib/binfmt.d/qemu-aarch64.conf outside
  if [[ $ARCH == "$(dpkg --print-architecture)" ]] || arch-test "$ARCH" >/dev/null; then
    "$@"
    return
  fi
  # shellcheck disable=SC2016  # expanded by the inner shell
  local in_there=(bash -euc '
    until grep -q . /proc/self/uid_map; do sleep 0.1; done
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc || {
      echo "lab: this kernel cannot run programs of another processor; install qemu-user-static, or use Linux 6.7" >&2
      exit 1
    }
    cat "$1" >/proc/sys/fs/binfmt_misc/register
    shift
    exec "$@"' - "$rule" "$@")
  if [[ $EUID -ne 0 ]]; then
    unshare --user --map-root-user --map-auto --mount "${in_there[@]}"
    return
  fi
  outside=$(readlink /proc/self/ns/user)
  # Otherwise standard input would be /dev/null in the background.
  unshare --user --mount "${in_there[@]}" <&0 &
  until [[ $(readlink /proc/$!/ns/user) != "$outside" ]]; do sleep 0.1; done
  echo 0 0 4294967295 >/proc/$!/gid_map
  echo 0 0 4294967295 >/proc/$!/uid_map
  wait $!
}

# The guest's setup beyond Debian and provision.sh. Runs as root, $1 is its root directory.
export PROJECT ARCH
# shellcheck disable=SC2016  # expanded by the hook's shell
readonly SET_UP='
  set -eu
  root=$1
  # The kernel package makes the initrd; other packages need not make it again.
  echo update_initramfs=no >"$root/etc/initramfs-tools/update-initramfs.conf"
  mkdir -p "$root/mydocker"
  cp -r "$PROJECT/vagrant" "$root/mydocker/"
  chroot "$root" /mydocker/vagrant/provision.sh packages build run test docs
  # Not on arm64: unpacking and preparing a kernel takes minutes if that is emulated.
  [ "$ARCH" != amd64 ] || chroot "$root" apt-get -qq install -y -t bookworm-backports linux-image-cloud-amd64
  chroot "$root" /mydocker/vagrant/provision.sh greeting
  for version in v1 hybrid v2; do
    chroot "$root" /mydocker/vagrant/provision.sh kernel-switches $version >"$root/boot/switches-$version"
  done
  chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash student
  touch "$root/root/.hushlogin"  # our greeting is enough
  echo lab >"$root/etc/hostname"
  echo "127.0.0.1 localhost lab" >"$root/etc/hosts"
  printf "%s\n" "/dev/vda / ext4 defaults 0 1" "LABEL=mydocker /mydocker ext4 defaults 0 2" >"$root/etc/fstab"
  # The project is a separate disk: the image must not change when the project does.
  rm -r "$root/mydocker" && mkdir "$root/mydocker"
  cp "$PROJECT"/tests/lab/units/* "$root/etc/systemd/system/"
  [ "$ARCH" != arm64 ] || sed -i s/ttyS0/ttyAMA0/ "$root"/etc/systemd/system/lab-*
  chroot "$root" systemctl --quiet enable lab-prepare.service lab-test.service lab-shell.service
  # Work started by timers would count as left behind by a test.
  chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer systemd-timesyncd.service \
    serial-getty@.service getty@.service
'

# Only the drivers that the kernel needs to find its disks: installing a kernel
# mostly spends its time collecting drivers for every machine.
# shellcheck disable=SC2016
readonly FEW_DRIVERS='
  mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/etc/initramfs-tools/hooks"
  echo MODULES=list >"$1/etc/initramfs-tools/conf.d/lab"
  printf "%s\n" "#!/bin/sh" "[ \"\$1\" != prereqs ] || exit 0" ". /usr/share/initramfs-tools/hook-functions" \
    "manual_add_modules virtio_pci virtio_blk ext4" >"$1/etc/initramfs-tools/hooks/lab"
  chmod +x "$1/etc/initramfs-tools/hooks/lab"
'

mkdir "$work/root"
echo "lab: making the image of Debian $SUITE for $ARCH (once; a minute or two, and some more where QEMU emulates it)"
# The root comes as a tar archive, so that all of this works with and without root.
readonly MIRROR=http://deb.debian.org/debian
emulating mmdebstrap --variant=minbase --architectures="$ARCH" --include="$PACKAGES" --skip=output/dev \
  --dpkgopt=path-exclude='/usr/share/man/*' --dpkgopt=path-exclude='/usr/share/doc/*' \
  --essential-hook="$FEW_DRIVERS" --customize-hook="$SET_UP" "$SUITE" - \
  "deb $MIRROR $SUITE main" "deb $MIRROR $SUITE-updates main" \
  "deb http://deb.debian.org/debian-security $SUITE-security main" \
  "deb $MIRROR $SUITE-backports main" >"$work/root.tar" 2>"$work/log" || {
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
  # If there are two kernels, the older one is from the suite itself.
  releases=($(ls "$1/root/boot" | sed -n s/vmlinuz-//p | sort -V))
  cp "$1/root/boot/vmlinuz-${releases[0]}" "$1/done/vmlinuz"
  cp "$1/root/boot/initrd.img-${releases[0]}" "$1/done/initrd"
  if [[ -n ${releases[1]:-} ]]; then
    cp "$1/root/boot/vmlinuz-${releases[1]}" "$1/done/vmlinuz-backports"
    cp "$1/root/boot/initrd.img-${releases[1]}" "$1/done/initrd-backports"
  fi
  mv "$1"/root/boot/switches-* "$1/done/"
  # Large enough for a swap file and the tests; the holes take no space here.
  /sbin/mke2fs -qF -t ext4 -L lab -E lazy_itable_init=1,root_owner=0:0 -d "$1/root" "$1/done/root.img" 5G >/dev/null
  chmod 644 "$1"/done/*
' - "$work"
mv -T "$work/done" "$TARGET"
