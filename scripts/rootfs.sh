#!/usr/bin/env bash
#
# rootfs.sh busybox DIR: makes a root file system of Debian's static busybox in
# DIR: one program under 270 names, and a few files. Needs no root, and is
# reproducible, to the byte and the second.
#
# rootfs.sh debian DIR: a small Debian, by mmdebstrap, from Debian's servers.
#
# Replaces the previous content of DIR once the new one is complete.

set -euo pipefail
umask 022

kind=$1
readonly target=$2

# Mount points for mydocker (proc, dev, sys), and what programs expect.
readonly FOLDERS=(bin dev etc home mnt proc root run sys tmp usr var/log)

make_busybox() {
  local dir=$1 busybox name
  busybox=$(command -v busybox) || {
    echo "rootfs.sh: there is no busybox here; make deps installs it" >&2
    return 1
  }
  mkdir -p "${FOLDERS[@]/#/$dir/}"
  chmod 1777 "$dir/tmp"
  chmod 700 "$dir/root"
  # Debian's own layout is the other way round: /bin leads to /usr/bin.
  ln -s bin "$dir/sbin"
  ln -s ../bin "$dir/usr/bin"
  ln -s ../bin "$dir/usr/sbin"
  install -m 755 "$busybox" "$dir/bin/busybox"
  while read -r name; do
    [[ $name = busybox ]] || ln -s busybox "$dir/bin/$name"
  done < <("$busybox" --list)
  echo "root:x:0:0:root:/root:/bin/sh" >"$dir/etc/passwd"
  echo "nobody:x:65534:65534:nobody:/nonexistent:/bin/false" >>"$dir/etc/passwd"
  printf '%s\n' root:x:0: tty:x:5: nogroup:x:65534: >"$dir/etc/group"
  echo "127.0.0.1 localhost" >"$dir/etc/hosts"
  # Fixed times, to be reproducible. Children first: making them has changed their
  # directory's time.
  find "$dir" -depth -exec touch --no-dereference --date=@0 {} +
}

make_debian() {
  # Reproducible too, for the same state of Debian's servers.
  SOURCE_DATE_EPOCH=0 mmdebstrap --quiet --variant=minbase --skip=output/mknod \
    --include=procps bookworm "$1"
}

mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
# Not below mounts, if any: those would be the host's files.
remove_work() { rm -rf --one-file-system "$work"; }
trap remove_work EXIT
mkdir "$work/new"
"make_$kind" "$work/new"
[[ ! -e $target ]] || mv "$target" "$work/old"
mv "$work/new" "$target"
# A container's root may have made files that only root can remove.
if ! remove_work 2>/dev/null; then
  trap - EXIT
  echo "rootfs.sh: of the old $target a part is left; sudo rm -r $work removes it" >&2
fi
echo "$target: $(du -sh "$target" | cut -f1), $(find "$target" | wc -l) files"
