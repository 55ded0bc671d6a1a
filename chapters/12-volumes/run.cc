#include "chapters/12-volumes/run.h"

#include <unistd.h>

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
#include "common/container/process_flags.h"
#include "common/container/request_spec.h"
#include "common/container/rootfs_flags.h"
#include "common/container/spec_flags.h"
#include "common/container/spec_json.h"
#include "common/container/spec_mounts.h"
#include "common/container/volume_flags.h"
#include "common/files/layered_files.h"
#include "common/files/volumes.h"
#include "common/process/child.h"
#include "common/process/lifeline.h"
#include "common/process/sealed_program.h"
#include "common/process/supervisor.h"

namespace mydocker {
namespace {

const PidsSubsystem kPids;

absl::StatusOr<int> Print(const Spec& spec) {
  ASSIGN_OR_RETURN(const std::string json, SpecToJson(spec));
  RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, json + "\n"));
  return 0;
}

}  // namespace

absl::StatusOr<int> RunContainer(const std::vector<std::string>& words) {
  ASSIGN_OR_RETURN(
      const Request request,
      ParseRequest(words, {&kBasicFlags, &kRootfsFlags, &kLayerFlags,
                           &kVolumeFlags, &kProcessFlags, &kSpecFlags}));
  // #region spec
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(const Spec spec, SpecFor(request, id));
  if (request.print_spec) {
    return Print(spec);
  }
  // #endregion spec
  ASSIGN_OR_RETURN(
      const Supervisor supervisor,
      Supervisor::Create(request.interactive ? Keyboard::kIsTheContainers
                                             : Keyboard::kIsOurs));

  ASSIGN_OR_RETURN(ContainerDirectory directory,
                   ContainerDirectory::Create(id));
  ASSIGN_OR_RETURN(
      LayeredFiles files,
      LayeredFiles::Create(id, request.layers, request.keep_upper));
  ASSIGN_OR_RETURN(const VolumeUse volumes,
                   VolumeUse::Begin(VolumesIn(spec.mounts)));
  ASSIGN_OR_RETURN(CgroupManager cgroups, CgroupManager::Create(id, {&kPids}));
  RETURN_IF_ERROR(cgroups.Set(spec.linux.resources));

  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  ASSIGN_OR_RETURN(UniqueFd program, SealedCopyOfThisProgram());
  ASSIGN_OR_RETURN(const UniqueFd lifeline, OpenThisProcess());
  Command init = InitCommand(program, pipe, request);
  init.extra_files.push_back(lifeline.get());  // kLifelineFd
  cgroups.Admit(init);
  ASSIGN_OR_RETURN(Child container, supervisor.Start(init));
  RETURN_IF_ERROR(directory.SetInit(container.pid()));
  program.Close();  // Its memory is freed as soon as init executes the command.
  LogStart(container, cgroups);
  RETURN_IF_ERROR(SendBytes(pipe, EncodeSpec(spec)));

  ASSIGN_OR_RETURN(const int exit_status, supervisor.Wait(container));
  LogStep(
      absl::StrCat("process ", container.pid(), " ended with ", exit_status));
  ReportIfFailed(ReportOomKills(cgroups, spec.linux.resources.memory_limit));
  ReportIfFailed(kPids.ReportRefusals(cgroups.CgroupOf(kPids),
                                      {spec.linux.resources.pids_limit}));
  // What could not be removed stays recorded, for the next run.
  absl::Status removed = cgroups.Destroy();
  removed.Update(files.Remove());
  ReportIfFailed(removed.ok() ? directory.Remove() : removed);
  return exit_status;
}

}  // namespace mydocker
