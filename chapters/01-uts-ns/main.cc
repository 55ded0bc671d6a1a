// Chapter 1: a private host name.
//
// A UTS namespace holds two names, the host name and the NIS domain name
// (uts_namespaces(7)). A process in a new one begins with a copy, and nobody
// outside sees its changes:
//
//     make chapter1 && sudo ./run
//     # hostname container

#include <sched.h>

#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/program.h"
#include "common/process/child.h"

namespace mydocker {
namespace {

absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  Command command;
  ASSIGN_OR_RETURN(
      command.argv,
      ParseCommandLine(argc, argv, "run [COMMAND [ARG...]]", {"sh"}));
  command.clone_flags = CLONE_NEWUTS;
  return Run(command);
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
