// Chapter 3: process 1.
//
// A PID namespace numbers its processes from 1 (pid_namespaces(7)). The first
// one in it is its init: if it ends, the kernel kills all the others. Outside,
// every one of them has a second number, in the parent's namespace:
//
//     make chapter3 && sudo ./run
//     # echo $$
//
// ps still shows the host's processes: it reads /proc, and that is chapter 4.

#include <sched.h>

#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/program.h"
#include "common/process/child.h"

namespace mydocker {
namespace {

// #region steps
absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  Command command;
  ASSIGN_OR_RETURN(
      command.argv,
      ParseCommandLine(argc, argv, "run [COMMAND [ARG...]]", {"sh"}));
  command.clone_flags = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID;
  return Run(command);
}
// #endregion steps

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
