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
// When the last step was logged: the next step's time is counted from here.
Clock::time_point logged_at;

}  // namespace

void SetVerbose(bool verbose) {
  verbose_on = verbose;
  logged_at = Clock::now();
}

bool IsVerbose() { return verbose_on; }

void LogStep(absl::string_view step) {
  if (!verbose_on) {
    return;
  }
  const std::chrono::duration<double, std::milli> took =
      Clock::now() - logged_at;
  Report(absl::StrFormat("%s (%.2f ms)", step, took.count()));
  logged_at = Clock::now();
}

absl::Status LogStep(absl::Status result, absl::string_view step) {
  if (result.ok()) {
    LogStep(step);
  }
  return result;
}

void Report(absl::string_view message) {
  const std::string line = absl::StrCat("mydocker: ", message, "\n");
  // One write, so that the lines of run, init and the container do not mix.
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace mydocker
