#!/usr/bin/env bash
#
# Prepares a machine for mydocker. It is the only script that does: `make deps`,
# the Vagrant VMs, the lab kernels and CI all come here. Each command looks
# first and acts only on what is not yet so; a second run changes nothing.

set -euo pipefail

# After a plain `su` root's own tools (swapon, update-grub) are not in PATH.
PATH=$PATH:/usr/sbin:/sbin

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
readonly PROJECT=${HERE%/*}
readonly PACKAGE_LIST=$HERE/packages.txt

# What we put on a machine besides packages. `undo` removes exactly these.
readonly SWAP_FILE=/swapfile.mydocker
readonly GRUB_DROP_IN=/etc/default/grub.d/90-mydocker.cfg
readonly GREETING=/etc/profile.d/mydocker.sh

usage() {
  cat <<'END'
usage: provision.sh COMMAND

  packages [GROUP...|all]  install what vagrant/packages.txt lists for these
                           groups (build run test unless given)
  list GROUP...            print those packages, one a line
  swap [SIZE]              a swap file of SIZE (1G unless given), unless there is swap
  cgroup v1|hybrid|v2      boot with this cgroup version from now on
  current-cgroup           print the cgroup version of this boot
  kernel-switches VERSION  print the words for the kernel's command line
  greeting                 say at login which cgroup version this is, and what to type
  lab v1|v2                all of these: what the Vagrant machines run
  undo                     take swap file, kernel switches and greeting away again
  help                     this text
END
}

say() { echo "provision.sh: $*"; }

# die STATUS MESSAGE...
die() {
  local status=$1
  shift
  echo "provision.sh: $*" >&2
  exit "$status"
}

# become_root COMMAND ARG...: starts this script again as root, unless it is.
become_root() {
  [[ $EUID -ne 0 ]] || return 0
  command -v sudo >/dev/null || die 1 "'$1' needs root, and there is no sudo here: run it as root"
  exec sudo -- "$HERE/provision.sh" "$@"
}

# write_file PATH TEXT: writes the file and says so; fails if it has this text already.
write_file() {
  [[ ! -f $1 || $(<"$1") != "$2" ]] || return 1
  mkdir -p "${1%/*}"
  printf '%s\n' "$2" >"$1"
  say "wrote $1"
}

# --- packages -----------------------------------------------------------------

known_groups() {
  awk '!/^[[:space:]]*(#|$)/ && !seen[$1]++ { print $1 }' "$PACKAGE_LIST" | paste -sd ' ' -
}

# wanted_packages GROUP...: the packages of these groups, one a line.
wanted_packages() {
  awk -v groups=" $* " '
    /^[[:space:]]*(#|$)/ { next }
    groups ~ / all / || index(groups, " " $1 " ") { print $2 }' "$PACKAGE_LIST"
}

# missing_packages ENTRIES: those of these words that are not installed. An
# entry is a package, with an architecture if need be (libc6:amd64), or
# alternatives (awk|mawk); a package that provides another's name counts as it.
missing_packages() {
  # shellcheck disable=SC2016  # the fields are dpkg-query's, not the shell's
  dpkg-query -W -f '${db:Status-Status}\t${Package}\t${Architecture}\t${Provides}\n' |
    awk -F '\t' -v entries="${1//$'\n'/ }" '
      $1 == "installed" {
        have[$2] = have[$2 ":" $3] = 1
        count = split($4, provided, /, */)
        for (i = 1; i <= count; i++) {
          sub(/[ (].*/, "", provided[i])
          have[provided[i]] = 1
        }
      }
      END {
        entry_count = split(entries, entry, / +/)
        for (e = 1; e <= entry_count; e++) {
          found = 0
          choice_count = split(entry[e], choice, "|")
          for (i = 1; i <= choice_count; i++) found = found || choice[i] in have
          if (!found) print choice[1]  # of alternatives, the first is what we install
        }
      }'
}

packages() {
  [[ $# -gt 0 ]] || set -- build run test
  local group groups
  groups=$(known_groups)
  for group; do
    [[ " $groups all " == *" $group "* ]] ||
      die 2 "there is no group '$group' of packages; there are: $groups, and all"
  done

  if ! command -v dpkg-query >/dev/null; then
    check_by_hand "$@"
    return
  fi

  local missing
  missing=$(missing_packages "$(wanted_packages "$@")")
  [[ -z $missing ]] || apt_install "$missing"
}

# check_by_hand GROUP...: for a system without dpkg. Its packages have other
# names, but programs, headers and libraries have the same.
check_by_hand() {
  local package probe missing=()
  while read -r package; do
    case $package in
      libabsl-dev) probe='pkg-config --exists absl_status' ;;
      libgtest-dev) probe='pkg-config --exists gtest' ;;
      libgmock-dev) probe='pkg-config --exists gmock' ;;
      libc6-dev) probe='gcc -static -x c - -o /dev/null' ;;
      busybox-static) probe='command -v busybox' ;;
      iproute2) probe='command -v ip' ;;
      procps) probe='command -v ps' ;;
      psmisc) probe='command -v pstree' ;;
      unionfs-fuse) probe='command -v unionfs' ;;
      util-linux) probe='command -v unshare' ;;
      *) probe="command -v $package" ;;
    esac
    $probe <<<'int main(void) { return 0; }' >/dev/null 2>&1 || missing+=("$package")
  done < <(wanted_packages "$@")
  [[ ${#missing[@]} -eq 0 ]] || die 1 "this system is not Debian or Ubuntu, so I cannot install." \
    "What corresponds to these Debian packages is missing: ${missing[*]}." \
    "Install it, or use the lab VM (docs/lab.md)"
}

# apt_install LIST: the list is split at white space.
apt_install() {
  local -a names root
  read -r -d '' -a names <<<"$1" || true
  command -v apt-get >/dev/null ||
    die 1 "there is no apt-get here to install what is missing: ${names[*]}"
  root=(env DEBIAN_FRONTEND=noninteractive)
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null ||
      die 1 "not root and no sudo; as root: apt-get install --no-install-recommends ${names[*]}"
    root=(sudo "${root[@]}")
  fi
  # A fresh VM may still be busy with its own first update: wait for its lock.
  local -a apt=("${root[@]}" apt-get -q -o DPkg::Lock::Timeout=300)
  local -a install=("${apt[@]}" install -y --no-install-recommends "${names[@]}")

  say "installing ${names[*]}"
  if fresh_package_lists && "${install[@]}"; then
    return 0
  fi
  # No lists, or lists that no longer match the archive.
  "${apt[@]}" update
  "${install[@]}" || die 1 "apt-get could not install: ${names[*]}"
}

# Has apt's knowledge of the archive been fetched, and lately? The lists
# themselves carry the archive's dates; the directory tells when we asked.
fresh_package_lists() {
  compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null &&
    [[ -n $(find /var/lib/apt/lists -maxdepth 0 -mtime -7) ]]
}

# --- swap ---------------------------------------------------------------------

# With swap, a program over its memory limit is held back; without, it is killed.
# Chapters 7 and 8 show both.
swap() {
  become_root swap "$@"
  local size=${1:-1G} line="$SWAP_FILE none swap sw 0 0"
  # The first line of /proc/swaps is its heading.
  if [[ $(wc -l </proc/swaps) -gt 1 ]]; then
    return 0
  fi
  if [[ ! -f $SWAP_FILE ]]; then
    # Swap must be private to root, and whole: no step may leave half a file.
    rm -f "$SWAP_FILE.new"
    (umask 077 && fallocate -l "$size" "$SWAP_FILE.new") ||
      { rm -f "$SWAP_FILE.new"; die 1 "no room for a swap file of $size on /"; }
    mkswap "$SWAP_FILE.new" >/dev/null
    mv "$SWAP_FILE.new" "$SWAP_FILE"
    say "made $SWAP_FILE, $size"
  fi
  if ! swapon "$SWAP_FILE"; then
    rm -f "$SWAP_FILE"
    die 1 "the kernel refuses this swap file (its reason is above)." \
      "In a container swap is the host's: add it there."
  fi
  if ! grep -qxF "$line" /etc/fstab 2>/dev/null; then
    echo "$line" >>/etc/fstab
    say "added to /etc/fstab: $line"
    reread_fstab
  fi
}

# systemd makes units of /etc/fstab; while it has old ones, each mount(8) warns.
reread_fstab() {
  [[ ! -d /run/systemd/system ]] || systemctl daemon-reload
}

# --- cgroup -------------------------------------------------------------------

# Which cgroup version does systemd use here? v1, hybrid, v2 or none.
current_cgroup() {
  local unified=none
  [[ ! -d /sys/fs/cgroup/unified ]] || unified=$(stat -fc %T /sys/fs/cgroup/unified)
  case $(stat -fc %T /sys/fs/cgroup 2>/dev/null)/$unified in
    cgroup2fs/*) echo v2 ;;
    tmpfs/cgroup2fs) echo hybrid ;;
    tmpfs/*) echo v1 ;;
    *) echo none ;;
  esac
}

# kernel_switches MODE: the words of the kernel's command line that tell systemd.
kernel_switches() {
  local mode=${1:-} version words
  version=$(systemctl --version 2>/dev/null | awk 'NR == 1 { print int($2) }') || true
  case $mode in
    v1) words="systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=1" ;;
    hybrid) words="systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller=0" ;;
    v2) words="systemd.unified_cgroup_hierarchy=1" ;;
    *) die 2 "there is v1, hybrid and v2, no '$mode'" ;;
  esac
  if [[ $mode != v2 && ${version:-0} -ge 258 ]]; then
    die 1 "systemd $version knows cgroup v2 only (v1 went with 258); for $mode use Debian 12: docs/lab.md"
  fi
  if [[ $mode != v2 && ${version:-0} -ge 256 ]]; then
    words+=" SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"
  fi
  echo "$words"
}

cgroup() {
  local mode=${1:-} now switches text
  switches=$(kernel_switches "$mode")
  now=$(current_cgroup)
  # Without a drop-in of ours that says otherwise, the next boot is like this one.
  if [[ $now == "$mode" && ! -f $GRUB_DROP_IN ]]; then
    return 0
  fi
  become_root cgroup "$mode"
  command -v update-grub >/dev/null || die 1 "this machine does not boot with GRUB (or not from within):" \
    "add to its kernel's command line: $switches"

  # The shell of update-grub reads the drop-in; words that come later win.
  text="# Written by mydocker's provision.sh: boots with cgroup $mode.
GRUB_CMDLINE_LINUX=\"\$GRUB_CMDLINE_LINUX $switches\""
  if write_file "$GRUB_DROP_IN" "$text"; then
    update-grub
  fi
  [[ $now == "$mode" ]] || say "reboot to go from cgroup $now to $mode"
}

# --- greeting -----------------------------------------------------------------

greeting() {
  become_root greeting
  # Login executes nothing of the project: root logs in as well, and the project
  # belongs to somebody else. Looks up the version each time, since it changes with
  # the kernel's command line. Also for shells that are not bash.
  write_file "$GREETING" "# Written by mydocker's provision.sh.
case \$- in
  *i*)
    case \$(stat -fc %T /sys/fs/cgroup 2>/dev/null)/\$(stat -fc %T /sys/fs/cgroup/unified 2>/dev/null) in
      cgroup2fs/*) echo \"This is mydocker's lab, with cgroup v2. Type:\" ;;
      tmpfs/cgroup2fs) echo \"This is mydocker's lab, with cgroup v1 and v2 (hybrid). Type:\" ;;
      *) echo \"This is mydocker's lab, with cgroup v1. Type:\" ;;
    esac
    printf '  cd %s && make help\\n' $(printf %q "$PROJECT")
    [ \"\$(id -u)\" -eq 0 ] && echo '  make chapter1 && ./run' || echo '  make chapter1 && sudo ./run'
    ;;
esac" || true
}

# --- all, and nothing ---------------------------------------------------------

lab() {
  [[ ${1:-} == v1 || ${1:-} == v2 ]] || die 2 "lab takes v1 or v2, not '${1:-}'"
  become_root lab "$1"
  packages build run test
  swap 1G
  greeting
  cgroup "$1"
}

# Packages stay: only the machine's owner knows who else uses them.
undo() {
  become_root undo
  if [[ -f $SWAP_FILE ]]; then
    ! grep -q "^$SWAP_FILE " /proc/swaps || swapoff "$SWAP_FILE"
    sed -i "\\|^$SWAP_FILE |d" /etc/fstab
    reread_fstab
    rm "$SWAP_FILE"
    say "removed $SWAP_FILE"
  fi
  if [[ -f $GREETING ]]; then
    rm "$GREETING"
    say "removed $GREETING"
  fi
  if [[ -f $GRUB_DROP_IN ]]; then
    rm "$GRUB_DROP_IN"
    update-grub
    say "removed $GRUB_DROP_IN; reboot for this machine's own cgroup version"
  fi
}

# --- main ---------------------------------------------------------------------

main() {
  local command=${1:-help}
  [[ $# -eq 0 ]] || shift
  case $command in
    list) wanted_packages "$@" ;;
    packages | swap | cgroup | greeting | lab | undo) "$command" "$@" ;;
    current-cgroup) current_cgroup ;;
    kernel-switches) kernel_switches "$@" ;;
    help | -h | --help) usage ;;
    *)
      usage >&2
      die 2 "there is no command '$command'"
      ;;
  esac
}

main "$@"
