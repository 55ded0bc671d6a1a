#include "chapters/08-run-init/run.h"

#include <sched.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/verbose.h"
#include "common/cgroup/manager.h"
#include "common/cgroup/report.h"
#include "common/container/container_directory.h"
#include "common/container/handshake.h"
#include "common/container/log_start.h"
#include "common/container/request.h"
#include "common/process/child.h"
#include "common/process/supervisor.h"

namespace mydocker {
namespace {

// #region init-command
// The same program again, as `init`, in its own namespaces and with one end of
// the pipe.
Command InitCommand(const Pipe& pipe, const Request& request) {
  Command command;
  command.program = "/proc/self/exe";
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

}  // namespace

absl::StatusOr<int> RunContainer(const std::vector<std::string>& words) {
  ASSIGN_OR_RETURN(const Request request, ParseRequest(words, {&kBasicFlags}));
  ASSIGN_OR_RETURN(
      const Supervisor supervisor,
      Supervisor::Create(request.interactive ? Keyboard::kIsTheContainers
                                             : Keyboard::kIsOurs));

  // #region steps
  // The limits come first, then the process, then the command: a command that
  // starts before it is limited already has its memory.
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(ContainerDirectory directory,
                   ContainerDirectory::Create(id));
  ASSIGN_OR_RETURN(CgroupManager cgroups, CgroupManager::Create(id));
  RETURN_IF_ERROR(cgroups.Set(request.limits));

  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  Command init = InitCommand(pipe, request);
  cgroups.Admit(init);
  ASSIGN_OR_RETURN(Child container, supervisor.Start(init));
  RETURN_IF_ERROR(directory.SetInit(container.pid()));
  LogStart(container, cgroups);
  RETURN_IF_ERROR(SendMessage(pipe, {request.argv, IsVerbose()}));

  ASSIGN_OR_RETURN(const int exit_status, supervisor.Wait(container));
  LogStep(
      absl::StrCat("process ", container.pid(), " ended with ", exit_status));
  ReportIfFailed(ReportOomKills(cgroups, request.limits.memory_limit));
  // What could not be removed stays recorded, for the next run.
  const absl::Status removed = cgroups.Destroy();
  ReportIfFailed(removed.ok() ? directory.Remove() : removed);
  return exit_status;
  // #endregion steps
}

}  // namespace mydocker
