#include "common/base/verbose.h"

#include <unistd.h>

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mydocker {
namespace {

using Clock = std::chrono::steady_clock;

bool verbose_on = false;
// When the step before was told: what comes after it is the next one's time.
Clock::time_point told_at;

}  // namespace

void SetVerbose(bool verbose) {
  verbose_on = verbose;
  told_at = Clock::now();
}

bool IsVerbose() { return verbose_on; }

void Tell(absl::string_view step) {
  if (!verbose_on) {
    return;
  }
  const std::chrono::duration<double, std::milli> took = Clock::now() - told_at;
  Report(absl::StrFormat("%s (%.2f ms)", step, took.count()));
  told_at = Clock::now();
}

void Report(absl::string_view message) {
  const std::string line = absl::StrCat("mydocker: ", message, "\n");
  // One write, so that the lines of run, init and the container do not mix.
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace mydocker
