#include "chapters/10-union-fs/run.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/verbose.h"
#include "common/cgroup/manager.h"
#include "common/cgroup/pids.h"
#include "common/cgroup/report.h"
#include "common/container/container_directory.h"
#include "common/container/handshake.h"
#include "common/container/init_command.h"
#include "common/container/layer_flags.h"
#include "common/container/log_start.h"
#include "common/container/request.h"
#include "common/container/rootfs_flags.h"
#include "common/files/layered_files.h"
#include "common/process/child.h"
#include "common/process/sealed_program.h"
#include "common/process/supervisor.h"

namespace mydocker {
namespace {

const PidsSubsystem kPids;

}  // namespace

absl::StatusOr<int> RunContainer(const std::vector<std::string>& words) {
  ASSIGN_OR_RETURN(
      const Request request,
      ParseRequest(words, {&kBasicFlags, &kRootfsFlags, &kLayerFlags}));
  ASSIGN_OR_RETURN(
      const Supervisor supervisor,
      Supervisor::Create(request.interactive ? Keyboard::kIsTheContainers
                                             : Keyboard::kIsOurs));

  // The limits come first, then the process, then the command: a command that
  // starts before it is limited already has its memory.
  // #region files
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(ContainerDirectory directory,
                   ContainerDirectory::Create(id));
  ASSIGN_OR_RETURN(
      LayeredFiles files,
      LayeredFiles::Create(id, request.layers, request.keep_upper));
  // #endregion files
  ASSIGN_OR_RETURN(CgroupManager cgroups, CgroupManager::Create(id, {&kPids}));
  RETURN_IF_ERROR(cgroups.Set(request.limits));

  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  ASSIGN_OR_RETURN(UniqueFd program, SealedCopyOfThisProgram());
  Command init = InitCommand(program, pipe, request);
  cgroups.Admit(init);
  ASSIGN_OR_RETURN(Child container, supervisor.Start(init));
  RETURN_IF_ERROR(directory.SetInit(container.pid()));
  program.Close();  // Its memory is freed as soon as init executes the command.
  LogStart(container, cgroups);
  StartMessage message = MessageFor(request, id);
  message.layers = files.path();
  RETURN_IF_ERROR(SendMessage(pipe, message));

  ASSIGN_OR_RETURN(const int exit_status, supervisor.Wait(container));
  LogStep(
      absl::StrCat("process ", container.pid(), " ended with ", exit_status));
  ReportIfFailed(ReportOomKills(cgroups, request.limits.memory_limit));
  ReportIfFailed(kPids.ReportRefusals(cgroups.CgroupOf(kPids),
                                      {request.limits.pids_limit}));
  // What could not be removed stays recorded, for the next run.
  absl::Status removed = cgroups.Destroy();
  removed.Update(files.Remove());
  ReportIfFailed(removed.ok() ? directory.Remove() : removed);
  return exit_status;
}

}  // namespace mydocker
