// Chapter 10: files in layers.
//
// Two containers on one root file system change it for each other. Here it is a
// layer that nobody can change, and each container has a layer of its own on
// top for what it changes: overlayfs shows both as one. What is kept of that
// can be packed as an archive, and be a layer in its turn. That is what an
// image is:
//
//     make rootfs-busybox chapter10
//     sudo ./mydocker run -ti -layer build/rootfs -keep-upper changes sh
//     sudo ./mydocker commit changes

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "chapters/10-union-fs/commit.h"
#include "chapters/10-union-fs/init.h"
#include "chapters/10-union-fs/run.h"
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
        absl::StrCat("a command is missing: run or commit; ", kHelp));
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  if (words[0] == "run") {
    return RunContainer(rest);
  }
  if (words[0] == "commit") {
    return CommitUpper(rest);
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
