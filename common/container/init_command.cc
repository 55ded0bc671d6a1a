#include "common/container/init_command.h"

#include <sched.h>

#include "common/base/verbose.h"

namespace mydocker {

// #region init-command
Command InitCommand(const UniqueFd& program, const Pipe& pipe,
                    const Request& request) {
  Command command;
  command.program_file = program.get();
  command.argv = {"mydocker", "init"};
  command.clone_flags =
      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;
  command.extra_files = {pipe.read_end.get()};
  if (!request.interactive) {
    command.in_child.push_back(EmptyStandardInput);
  }
  return command;
}
// #endregion init-command

StartMessage MessageFor(const Request& request, const std::string& id) {
  StartMessage message;
  message.argv = request.argv;
  message.verbose = IsVerbose();
  message.hostname = request.hostname.empty() ? id : request.hostname;
  message.rootfs = request.rootfs;
  return message;
}

}  // namespace mydocker
