// Chapter 8: the container.
//
// What the chapters before built, one piece at a time, comes together in two
// commands of one program. `run`, on the host, makes the cgroups, starts `init`
// in new namespaces, and tells it through a pipe what to execute. `init`,
// inside as process 1, mounts its own /proc and becomes that command:
//
//     make chapter8 && sudo ./mydocker run -ti -m 100m sh

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "chapters/08-run-init/init.h"
#include "chapters/08-run-init/run.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {
namespace {

constexpr absl::string_view kHelp = "mydocker run -help shows the flags";

absl::StatusOr<int> RunMydocker(const std::vector<std::string>& words) {
  RETURN_IF_ERROR(OpenMissingStandardStreams());
  if (AsksForHelp(words)) {
    return PrintRunHelp();
  }
  if (words.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a command is missing: run; ", kHelp));
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "run") {
    return RunContainer(rest);
  }
  if (words[0] == "init") {
    return InitContainer();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there is no command \"", words[0], "\"; ", kHelp));
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  const absl::StatusOr<int> exit_status =
      mydocker::RunMydocker({argv + std::min(argc, 1), argv + argc});
  return exit_status.ok()
             ? *exit_status
             : mydocker::ReportFailure("mydocker", exit_status.status());
}
