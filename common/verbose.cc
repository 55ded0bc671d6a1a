#include "common/verbose.h"

#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace mydocker {
namespace {

bool verbose_on = false;

}  // namespace

void SetVerbose(bool verbose) { verbose_on = verbose; }

bool IsVerbose() { return verbose_on; }

void Tell(absl::string_view step) {
  if (!verbose_on) {
    return;
  }
  const std::string line = absl::StrCat("mydocker: ", step, "\n");
  // One write, so that the lines of run, init and the container do not mix.
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace mydocker
