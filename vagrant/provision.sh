#!/usr/bin/env bash
#
# Prepares a machine for mydocker. It is the only script that does: `make deps`,
# the Vagrant VMs, the lab kernels and CI all come here. Each command looks
# first and acts only on what is not yet so; a second run changes nothing.

set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly HERE
readonly PACKAGE_LIST=$HERE/packages.txt

usage() {
  cat <<'END'
usage: provision.sh COMMAND

  packages [GROUP...|all]  install what vagrant/packages.txt lists for these
                           groups (build run test unless given)
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

# missing_packages ENTRIES: those of these words that dpkg does not have. An
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

  command -v dpkg-query >/dev/null || die 1 "this system is not Debian or Ubuntu, so I can" \
    "neither look nor install. Install what corresponds to these Debian packages, or use the" \
    "lab VM (docs/lab.md): $(wanted_packages "$@" | paste -sd ' ' -)"

  local missing
  missing=$(missing_packages "$(wanted_packages "$@")")
  [[ -z $missing ]] || apt_install "$missing"
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

# --- main ---------------------------------------------------------------------

main() {
  local command=${1:-help}
  [[ $# -eq 0 ]] || shift
  case $command in
    packages) packages "$@" ;;
    help | -h | --help) usage ;;
    *)
      usage >&2
      die 2 "there is no command '$command'"
      ;;
  esac
}

main "$@"
