#!/usr/bin/env bash
#
# run.sh SECONDS TARGET...: runs each fuzz target for this many seconds, as many
# at a time as there are processors, and counts failures. It continues with the
# corpus of earlier runs in build/fuzz/corpus/TARGET. An input that breaks a
# target is kept in build/fuzz/found, and reported.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly BUILD=build/fuzz
# mydocker reads any of its inputs quickly, and they are short.
readonly LIMITS=(-timeout=10 -rss_limit_mb=1024)
declare -A LONGEST=([cpu_list]=64 [size]=32)

# run_target SECONDS TARGET: prints its line, and after a failure its output.
run_target() {
  local seconds=$1 target=$2 status=0 runs
  local log=$BUILD/$target.log found=$BUILD/found/$target-
  mkdir -p "$BUILD/corpus/$target" "${found%/*}"
  "$BUILD/tests/fuzz/${target}_fuzz" -max_total_time="$seconds" "${LIMITS[@]}" \
    -max_len="${LONGEST[$target]:-4096}" -print_final_stats=1 \
    -artifact_prefix="$found" "$BUILD/corpus/$target" "tests/fuzz/corpus/$target" \
    >"$log" 2>&1 || status=$?
  runs=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
  if ((status == 0 && ${runs:-0} > 0)); then
    printf '%-14s %9d inputs, %s s: clean\n' "$target" "$runs" "$seconds"
    return 0
  fi
  printf '%-14s FAILED, exit status %d\n' "$target" "$status"
  tail -n 40 "$log"
  echo "again, with one input: $BUILD/tests/fuzz/${target}_fuzz FILE"
  return 1
}

if [[ ${1:-} == --one ]]; then
  run_target "$2" "$3"
  exit
fi

seconds=$1
shift
for target; do
  if [[ ! -x $BUILD/tests/fuzz/${target}_fuzz ]]; then
    echo "there is no target $target: tests/fuzz/${target}_fuzz.cc" >&2
    exit 1
  fi
done
# One line for each target that fails; xargs waits for all.
failures=$(mktemp)
trap 'rm -f "$failures"' EXIT
export failures
# shellcheck disable=SC2016 # for the inner shell
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(nproc)" \
  bash -c '"$0" --one "$1" "$2" || echo "$2" >>"$failures"' tests/fuzz/run.sh "$seconds"

failed=$(wc -l <"$failures")
echo "$(($# - failed)) passed, $failed failed, 0 skipped"
((failed == 0))
