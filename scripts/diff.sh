#!/usr/bin/env bash
#
# diff.sh N: what chapter N adds to the one before. First the diff of its steps,
# then the complete files that common/ has gained for it.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

number=$1
# chapter_dir N: its folder; nothing for chapter 0 and below.
chapter_dir() {
  compgen -G "chapters/$(printf '%02d' "$1")-*" || true
}

new=$(chapter_dir "$number")
# The chapter before it. Chapter 0 inspects the machine, and the container
# begins with chapter 1. From chapter 8 on the container has a run.cc; a chapter
# without one is another program.
old=
before=$((number - 1))
while ((before > 8)) && [[ ! -e $(chapter_dir "$before")/run.cc ]]; do
  before=$((before - 1))
done
if ((number >= 2)) && { ((number <= 8)) || [[ -e $new/run.cc ]]; }; then
  old=$(chapter_dir "$before")
fi
if [[ -z $old ]]; then
  echo "chapter $number is the first of its kind: it adds itself to nothing. Read $new/main.cc"
  exit
fi

colour=never
[[ ! -t 1 ]] || colour=always
# compare OLD NEW: two files or folders. diff's status 1 means "they differ",
# which is the point. Leaves out what is not the lesson: the markers of regions that
# pages show, programs beside the chapter's own, and includes.
compare() {
  diff --color="$colour" -ruN --exclude=escape -I '^ *// #\(end\)\?region ' -I '^#include' \
    --label "$1" --label "$2" "$1" "$2" || (($? == 1))
}

# The idea itself: its functions in common/, each header before its source.
mapfile -t gained < <(grep -rlx "// From chapter $number\." common --include='*.h' | sort)
if ((${#gained[@]} > 0)); then
  echo "# The steps of chapter $number, beside those before; then in full what is new in common/:"
  printf '%s\n' "${gained[@]%.h}" | sed 's/^/#   /'
fi

if [[ ! -e $new/run.cc ]]; then
  compare "$old/main.cc" "$new/main.cc"
elif [[ ! -e $old/run.cc ]]; then
  # Chapter 8: one file becomes three. The steps moved from main.cc to run.cc;
  # entirely new files follow, in the order in which they run.
  compare "$old/main.cc" "$new/run.cc"
  for file in init.cc main.cc; do
    compare /dev/null "$new/$file"
  done
else
  for file in "$new"/{run,init,main}.cc; do
    compare "$old/${file##*/}" "$file"
  done
  for file in "$new"/*.cc; do
    [[ -e $old/${file##*/} ]] || compare /dev/null "$file"
  done
fi

for header in "${gained[@]}"; do
  for file in "$header" "${header%.h}.cc"; do
    [[ ! -e $file ]] || compare /dev/null "$file"
  done
done
