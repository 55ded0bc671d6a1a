#!/usr/bin/env bash
#
# diff.sh N: what chapter N adds to chapter N-1.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

number=$1
# chapter_dir N: its folder; nothing for chapter 0 and below.
chapter_dir() {
  compgen -G "chapters/$(printf '%02d' "$1")-*" || true
}

new=$(chapter_dir "$number")
old=
# Chapter 0 looks at the machine; the container begins with chapter 1.
((number < 2)) || old=$(chapter_dir $((number - 1)))
if [[ -z $old ]]; then
  echo "chapter $number is the first: it adds itself to nothing. Read $new/main.cc"
  exit
fi

colour=never
[[ ! -t 1 ]] || colour=always
# compare OLD NEW: two files or folders. diff's status 1 means "they differ",
# which is the point. The marks of the regions that the pages show are not the
# lesson. Nor is a program beside the chapter's own.
compare() {
  diff --color="$colour" -ruN --exclude=escape -I '^ *// #\(end\)\?region ' --label "$1" --label "$2" "$1" "$2" || (($? == 1))
}

if [[ ! -e $new/run.cc || -e $old/run.cc ]]; then
  compare "$old" "$new"
  exit
fi
# Chapter 8: one file becomes three. The steps were in main.cc and are in run.cc
# now; what is new altogether comes after them, in the order in which it runs.
compare "$old/main.cc" "$new/run.cc"
for file in init.cc main.cc run.h init.h; do
  compare /dev/null "$new/$file"
done
