#!/usr/bin/env bash
#
# All static checks of the sources. Prints a line for each check, and its findings.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.cc' '*.h')
# Only the programs; the tests would take a quarter of an hour.
mapfile -t units < <(printf '%s\n' "${sources[@]}" | grep -E '^(chapters|common|doctor)/.*\.cc$')
mapfile -t shell < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run)
mapfile -t python < <(git ls-files --cached --others --exclude-standard '*.py')

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

# clang-tidy FILE. It takes ten seconds or more, mostly for system headers; the
# warnings in those, which it counts, are irrelevant.
tidy() {
  clang-tidy --quiet --warnings-as-errors='*' "$1" -- -std=c++20 -I. 2>&1 |
    { grep -vE '^[0-9]+ warnings? generated' || true; }
}
export -f tidy
tidy_all() {
  # shellcheck disable=SC2016 # for the inner shell
  printf '%s\0' "${units[@]}" | xargs -0 -n 1 -P "$(nproc)" bash -o pipefail -c 'tidy "$1"' tidy
}

check "clang-format: one style" clang-format --dry-run --Werror "${sources[@]}"
check "order of the chapters (scripts/check-includes.sh)" scripts/check-includes.sh
check "shellcheck" shellcheck "${shell[@]}"
check "pyflakes3" pyflakes3 "${python[@]}"
check "clang-tidy" tidy_all

echo "$passed passed, $failed failed, 0 skipped"
((failed == 0))
