#!/usr/bin/env bash
#
# canary.sh BUILD: whether what is built with sanitizers, below BUILD/sanitize,
# would notice a fault. It is built with the flags of all programs and tests.
# (The black-box tests' own code is not looked at: it is always the ordinary
# build, and what it runs is the one with sanitizers.)

set -euo pipefail

build=$1
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# caught FAULT REPORT: the fault goes unnoticed without sanitizers; with them the
# program ends there, and says so.
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
