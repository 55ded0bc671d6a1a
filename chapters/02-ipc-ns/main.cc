// Chapter 2: private message queues.
//
// An IPC namespace holds the System V message queues, semaphores and shared
// memory, and the POSIX message queues (ipc_namespaces(7)). A new one is empty:
//
//     make chapter2 && sudo ./run
//     # ipcs -q

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
  command.clone_flags = CLONE_NEWUTS | CLONE_NEWIPC;
  return Run(command);
}
// #endregion steps

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
