// Shared by the programs beside the benchmark: a number of rounds on the
// command line, and the times that they print for bench.py.

#ifndef MYDOCKER_TESTS_BENCH_TIMES_H_
#define MYDOCKER_TESTS_BENCH_TIMES_H_

#include <stdio.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "common/base/errors.h"

namespace mydocker {

using Clock = std::chrono::steady_clock;

inline double MicrosecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start)
      .count();
}

// The measurements by name: microseconds, one for each round.
using Times = std::map<std::string, std::vector<double>>;

// Prints a line for each name: the name, then its times.
inline void Print(const Times& times) {
  for (const auto& [name, values] : times) {
    printf("%s", name.c_str());
    for (const double value : values) {
      printf(" %.1f", value);
    }
    printf("\n");
  }
}

// The main() of such a program: calls `measure` with the number of rounds.
inline int MeasureAsAsked(const char* program, int argc, char* argv[],
                          absl::StatusOr<int> (*measure)(int rounds)) {
  int rounds = 0;
  if (argc != 2 || !absl::SimpleAtoi(argv[1], &rounds) || rounds < 1) {
    fprintf(stderr, "usage: %s ROUNDS\n", program);
    return kExitMydockerFailed;
  }
  const absl::StatusOr<int> status = measure(rounds);
  return status.ok() ? *status : ReportFailure(program, status.status());
}

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_BENCH_TIMES_H_
