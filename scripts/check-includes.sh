#!/usr/bin/env bash
#
# The order of the tutorial, as the includes have it:
#  - each header of common/ says which chapter introduces it;
#  - a chapter includes only what it or an earlier chapter introduces, and
#    nothing of another chapter;
#  - a file of common/ includes only what is introduced no later than itself;
#  - no two files of common/ include each other, not even by a detour.

set -euo pipefail
cd "${1:-"$(dirname "${BASH_SOURCE[0]}")/.."}"

failed=0
complain() {
  echo "$1" >&2
  failed=1
}

declare -A chapter_of # common/child -> 1
while read -r header; do
  number=$(sed -nE '1s|^// From chapter ([0-9]+)\.$|\1|p' "$header")
  if [[ -z $number ]]; then
    complain "$header: the first line must be \"// From chapter N.\""
    number=0
  fi
  chapter_of[${header%.h}]=$number
done < <(find common -name '*.h' | sort)

# includes FILE: what it includes of ours, without the ".h".
includes() { sed -nE 's|^#include "((common\|chapters)/.*)\.h".*|\1|p' "$1"; }

# check FILE NUMBER: that it includes nothing from after chapter NUMBER.
check() {
  local file=$1 number=$2 included
  while read -r included; do
    if [[ $included = chapters/* ]]; then
      [[ ${included%/*} = "${file%/*}" ]] || complain "$file includes another chapter's $included.h"
    elif [[ -z ${chapter_of[$included]:-} ]]; then
      complain "$file includes $included.h, which is not there"
    elif ((chapter_of[$included] > number)); then
      complain "$file (chapter $number) includes $included.h, which chapter ${chapter_of[$included]} introduces"
    fi
  done < <(includes "$file")
}

for file in chapters/*/*.{h,cc}; do
  [[ -e $file ]] || continue
  number=${file#chapters/}
  check "$file" $((10#${number%%-*}))
done
for file in "${!chapter_of[@]}"; do
  for part in "$file.h" "$file.cc"; do
    [[ ! -e $part ]] || check "$part" "${chapter_of[$file]}"
  done
done

# tsort(1) puts in order what can be put in order, and names the circles.
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
