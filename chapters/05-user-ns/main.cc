// Chapter 5: root, without being root.
//
// A user namespace has its own users and groups, and a map that says who they
// are outside (user_namespaces(7)). Whoever makes one has all capabilities in
// it, and over every other namespace made along with it. So this program needs
// no sudo:
//
//     make chapter5 && ./run
//     # id
//
// Without a map (-map=none) no id inside has a meaning: the kernel shows 65534.

#include <sched.h>
#include <unistd.h>

#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/program.h"
#include "common/namespaces/mounts.h"
#include "common/namespaces/user_map.h"
#include "common/process/child.h"

ABSL_FLAG(mydocker::Propagation, propagation, mydocker::Propagation::kPrivate,
          "how mounts travel between the host and here: private, slave, shared "
          "or unchanged");
ABSL_FLAG(mydocker::UserMap, map, mydocker::UserMap::kRoot,
          "who the caller is inside: root (uid 0) or none (uid 65534)");

namespace mydocker {
namespace {

// #region steps
absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  Command command;
  ASSIGN_OR_RETURN(
      command.argv,
      ParseCommandLine(argc, argv, "run [FLAGS] [COMMAND [ARG...]]", {"sh"}));
  command.clone_flags =
      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER;
  // Read here, since in the new namespace the answer is 65534.
  command.in_child.push_back([uid = geteuid(), gid = getegid()] {
    return WriteUserMap(absl::GetFlag(FLAGS_map), uid, gid);
  });
  command.in_child.push_back(
      [] { return SetPropagation(absl::GetFlag(FLAGS_propagation)); });
  const absl::StatusOr<int> exit_status = Run(command);
  return exit_status.ok() ? exit_status
                          : ExplainUserNamespaceError(exit_status.status());
}
// #endregion steps

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
