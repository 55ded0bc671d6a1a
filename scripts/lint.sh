#!/usr/bin/env bash
#
# Everything that can be said about the sources without running them. Prints a
# line for each check, and its findings.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h')
mapfile -t units < <(printf '%s\n' "${sources[@]}" | grep '\.cc$')
mapfile -t shell < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run)

passed=0 failed=0
# check NAME COMMAND...
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    echo "ok    $name"
    passed=$((passed + 1))
  else
    echo "FAIL  $name"
    printf '%s\n' "$output"
    failed=$((failed + 1))
  fi
}

# Two at a time on two processors; each file is a process of its own.
tidy() {
  printf '%s\0' "${units[@]}" |
    xargs -0 -n 2 -P "$(nproc)" clang-tidy --quiet --warnings-as-errors='*' 2>/dev/null -- -std=c++20 -I.
}

check "clang-format: one style" clang-format --dry-run --Werror "${sources[@]}"
check "order of the chapters (scripts/check-includes.sh)" scripts/check-includes.sh
check "shellcheck" shellcheck "${shell[@]}"
check "clang-tidy" tidy

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
