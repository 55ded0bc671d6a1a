// Chapter 4: private mounts.
//
// A mount namespace is a list of mounts (mount_namespaces(7)). A new one begins
// as a copy, and mounts made in it are its own, unless propagation carries them
// back: on most hosts "/" is a shared mount, and so is its copy. That is why a
// proc mounted in such a shell covers the host's. So, before anything is
// mounted, the child makes its copies private:
//
//     make chapter4 && sudo ./run
//     # mount -t proc proc /proc
//     # ps -ef

#include <sched.h>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/program.h"
#include "common/namespaces/mounts.h"
#include "common/process/child.h"

// #region flag
ABSL_FLAG(mydocker::Propagation, propagation, mydocker::Propagation::kPrivate,
          "how mounts travel between the host and here: private, slave, shared "
          "or unchanged");
// #endregion flag

namespace mydocker {
namespace {

// #region steps
absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  Command command;
  ASSIGN_OR_RETURN(
      command.argv,
      ParseCommandLine(argc, argv, "run [FLAGS] [COMMAND [ARG...]]", {"sh"}));
  command.clone_flags =
      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS;
  command.in_child.push_back(
      [] { return SetPropagation(absl::GetFlag(FLAGS_propagation)); });
  return Run(command);
}
// #endregion steps

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
