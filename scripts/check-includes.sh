#!/usr/bin/env bash
#
# Checks the order of the tutorial in the includes:
#  - each header of common/ says which chapter introduces it;
#  - a chapter includes only what it or an earlier chapter introduces, and
#    nothing of another chapter. Chapter 0 and the doctor may include all of
#    common/, and only these two may include what chapter 0 introduces; the
#    doctor belongs to no chapter;
#  - a file of common/ includes nothing that is introduced later than itself;
#  - each file of common/ is in a room, and includes only rooms of its own floor
#    or below;
#  - sources and tests of common/ have the names that the Makefile looks for;
#  - black-box tests include nothing of common/;
#  - no two files of common/ include each other, not even indirectly.

set -euo pipefail
cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

failed=0
complain() {
  echo "$1" >&2
  failed=1
}

# The rooms of common/ and the floor of each.
declare -rA floor_of=(
  [base]=0       # What any program needs: errors, descriptors, the command line.
  [process]=1    # Starting, watching and ending a process.
  [namespaces]=1 # What a process sees: mounts, users, names.
  [cgroup]=2     # What it may use.
  [files]=2      # Its root file system and layers.
  [privileges]=2 # Who it is and what it may do.
  [terminal]=2   # Where it reads and writes.
  [container]=3  # All of that together: what `run` and `init` share.
  [oci]=4        # The same as the OCI specifies it.
)
# room_of common/process/child: process; nothing for a file in no room.
room_of() {
  local room=${1#common/}
  [[ $room != */* ]] || echo "${room%%/*}"
}
# floor FILE: the floor of the room that it is in.
floor() { echo "${floor_of[$(room_of "$1")]:-0}"; }

declare -A chapter_of # common/process/child -> 1
while read -r header; do
  number=$(sed -nE '1s|^// From chapter ([0-9]+)\.$|\1|p' "$header")
  if [[ -z $number ]]; then
    complain "$header: the first line must be \"// From chapter N.\""
    number=99 # Not a second complaint about what it includes.
  fi
  chapter_of[${header%.h}]=$number
  room=$(room_of "$header")
  [[ -n ${floor_of[${room:-none}]:-} ]] ||
    complain "$header: it is in no room of common/ ($(printf '%s\n' "${!floor_of[@]}" | sort | xargs))"
done < <(find common -name '*.h' | sort)

# The Makefile finds sources and tests by these names; others it would not build.
while read -r source; do
  [[ -e ${source%.cc}.h ]] || complain "$source: there is no ${source%.cc}.h"
done < <(find common -name '*.cc' | sort)
while read -r test; do
  [[ $test =~ ^tests/common/[a-z]+/[a-z0-9_]+_test\.cc$ ]] ||
    complain "$test: the tests of common/ROOM/TOPIC.h are tests/common/ROOM/TOPIC_test.cc"
done < <([[ ! -d tests/common ]] || find tests/common -name '*.cc' | sort)
while read -r include; do
  complain "$include: a path begins at the top directory"
done < <(grep -rE --include='*.h' --include='*.cc' '^#include "\.' common chapters doctor 2>/dev/null || true)
# A black-box test that shared our code would share our mistakes.
while read -r include; do
  complain "$include: the black-box tests include nothing of common/"
done < <(grep -rE --include='*.h' --include='*.cc' '^#include "common/' tests/chapters tests/doctor tests/grade tests/support 2>/dev/null || true)

readonly last=99 # May include everything.

# includes FILE: the project's headers that it includes, without the ".h".
includes() { sed -nE 's|^#include "((common\|chapters\|doctor)/.*)\.h".*|\1|p' "$1"; }

# check FILE NUMBER: checks that it includes nothing from after chapter NUMBER.
check() {
  local file=$1 number=$2 included
  while read -r included; do
    if [[ $included = chapters/* ]]; then
      [[ ${included%/*} = "${file%/*}" ]] || complain "$file includes another chapter's $included.h"
    elif [[ $included = doctor/* ]]; then
      [[ $file = doctor/* ]] || complain "$file includes the doctor's $included.h"
    elif [[ -z ${chapter_of[$included]:-} ]]; then
      complain "$file includes $included.h, which is not there"
    elif ((chapter_of[$included] == 0 && number != 0 && number != last)); then
      complain "$file includes $included.h, which is for chapter 0 and the doctor"
    elif ((chapter_of[$included] > number)); then
      complain "$file (chapter $number) includes $included.h, which chapter ${chapter_of[$included]} introduces"
    elif [[ $file = common/* ]] && (($(floor "$included") > $(floor "$file"))); then
      complain "$file (floor $(floor "$file")) includes $included.h, from floor $(floor "$included")"
    fi
  done < <(includes "$file")
}

for file in chapters/*/*.{h,cc}; do
  [[ -e $file ]] || continue
  number=${file#chapters/}
  number=$((10#${number%%-*}))
  check "$file" $((number == 0 ? last : number))
done
for file in doctor/*.{h,cc} doctor/*/*.{h,cc}; do
  [[ ! -e $file ]] || check "$file" "$last"
done
for file in "${!chapter_of[@]}"; do
  for part in "$file.h" "$file.cc"; do
    [[ ! -e $part ]] || check "$part" "${chapter_of[$file]}"
  done
done

# tsort(1) sorts what it can, and names the cycles.
circles=$(
  for file in "${!chapter_of[@]}"; do
    for part in "$file.h" "$file.cc"; do
      [[ -e $part ]] || continue
      includes "$part" | grep -vx "$file" | sed "s|^|$file |" || true
    done
  done | tsort 2>&1 >/dev/null
) || complain "these files of common/ include each other in a circle:
$circles"

exit "$failed"
