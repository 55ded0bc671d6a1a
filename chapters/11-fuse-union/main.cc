// Chapter 11: a union file system of one's own.
//
// Chapter 10 has the kernel show layers as one tree. Here a process does it:
// the kernel passes all questions about the mount on to it (FUSE). It decides
// for each name in which layer to look, and for each change how to make it in
// the upper directory only:
//
//     make chapter11
//     mkdir upper tree
//     sudo ./run -lower build/rootfs -upper upper tree
//     sudo umount tree

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chapters/11-fuse-union/background.h"
#include "chapters/11-fuse-union/caching.h"
#include "chapters/11-fuse-union/layers.h"
#include "chapters/11-fuse-union/mount.h"
#include "chapters/11-fuse-union/union.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/program.h"

// #region flags
ABSL_FLAG(mydocker::Strings, lower, mydocker::Strings{},
          "a directory that is shown and never changed; once for each, the "
          "lowest first");
ABSL_FLAG(std::string, upper, "",
          "the directory that receives changes; without one the union is "
          "read-only");
ABSL_FLAG(bool, f, false, "stay in the foreground");
ABSL_FLAG(std::string, without, "",
          "kinds of caching to turn off, to measure their worth: "
          "timeouts, keep-cache, writeback, readdirplus, splice, passthrough");
// #endregion flags

namespace mydocker {
namespace {

// #region steps
absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  ASSIGN_OR_RETURN(
      const std::vector<std::string> words,
      ParseCommandLine(argc, argv,
                       "run -lower DIR [-lower DIR]... [-upper DIR] [-f] "
                       "MOUNTPOINT",
                       {}, {{"lower", "upper", "f", "without"}, {}}));
  if (words.size() != 1) {
    return absl::InvalidArgumentError(
        "one directory is needed to mount the union on; run -help shows how");
  }
  ASSIGN_OR_RETURN(const Caching caching,
                   CachingWithout(absl::GetFlag(FLAGS_without)));
  Background background;
  if (!absl::GetFlag(FLAGS_f)) {
    ASSIGN_OR_RETURN(const std::optional<int> exit_status,
                     Background::Start(background));
    if (exit_status.has_value()) {
      return *exit_status;
    }
  }
  ASSIGN_OR_RETURN(Layers layers,
                   OpenLayers(absl::GetFlag(FLAGS_lower).values,
                              absl::GetFlag(FLAGS_upper), words[0]));
  Union all(std::move(layers), caching);
  const absl::Status served =
      Serve(all, words[0], [&background] { background.Ready(); });
  const absl::Status removed = RemoveWork(all.layers);
  RETURN_IF_ERROR(served);
  RETURN_IF_ERROR(removed);
  return 0;
}
// #endregion steps

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
