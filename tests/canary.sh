#!/usr/bin/env bash
#
# canary.sh BUILD: checks that the build with sanitizers, below BUILD/sanitize,
# catches a fault. The canary is built with the flags of all programs and tests.
# (The black-box tests themselves are not checked: they are always the ordinary
# build, and run the programs with sanitizers.)

set -euo pipefail

build=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# caught FAULT REPORT: the fault goes unnoticed without sanitizers; with them the
# program stops at it and reports it.
caught() {
  local fault=$1 report=$2
  "$build/tests/canary" "$fault"
  if "$build/sanitize/tests/canary" "$fault" >"$log" 2>&1 || ! grep -q "$report" "$log"; then
    cat "$log"
    echo "canary.sh: the sanitizers do not notice \"canary $fault\"" >&2
    return 1
  fi
}

caught heap 'AddressSanitizer: heap-buffer-overflow'
caught int 'runtime error: signed integer overflow'
