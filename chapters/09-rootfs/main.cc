// Chapter 9: a root file system of its own.
//
// Until here the container has seen the host's files. Now a directory becomes
// its "/", by pivot_root(2), and the host's is taken out of its sight. With a
// host name of its own and a limit on its processes, nothing of the host is
// left to be seen from inside:
//
//     make rootfs
//     sudo ./mydocker run -ti -rootfs build/rootfs -pids-limit 10 sh

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "chapters/09-rootfs/init.h"
#include "chapters/09-rootfs/run.h"
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
    return InitContainer(rest);
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
