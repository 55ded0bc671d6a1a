#include "chapters/09-rootfs/run.h"

#include <sched.h>
#include <unistd.h>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/command_line.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/size.h"
#include "common/base/verbose.h"
#include "common/cgroup/cpu.h"
#include "common/cgroup/cpu_list.h"
#include "common/cgroup/manager.h"
#include "common/cgroup/pids.h"
#include "common/cgroup/report.h"
#include "common/cgroup/subsystem.h"
#include "common/container/handshake.h"
#include "common/process/child.h"
#include "common/process/sealed_program.h"
#include "common/process/supervisor.h"

ABSL_FLAG(bool, ti, false,
          "interactive: standard input is the caller's, and Ctrl-C is for the "
          "command");
ABSL_FLAG(mydocker::Size, m, mydocker::Size{},
          "the most memory that the container may have, e.g. 100m");
ABSL_FLAG(mydocker::CpuShares, cpushare, mydocker::CpuShares{},
          "its part of the CPUs' time where there is not enough for all: 2 to "
          "262144, 1024 is everybody's");
ABSL_FLAG(mydocker::CpuList, cpuset, mydocker::CpuList{},
          "the CPUs that it may run on, e.g. 0 or 0-1,3");
ABSL_FLAG(mydocker::PidsLimit, pids_limit, mydocker::PidsLimit{},
          "how many processes it may have at a time, threads counted");
ABSL_FLAG(std::string, rootfs, "",
          "the directory that becomes its /; without one it sees the host's "
          "files");
ABSL_FLAG(std::string, hostname, "",
          "its host name; its id, 12 hexadecimal digits, unless given");
ABSL_FLAG(bool, v, false, "tell each step on standard error");

namespace mydocker {
namespace {

const std::vector<FlagAlias> kAliases = {{"it", "ti"}, {"mem", "m"}};
constexpr absl::string_view kUsage =
    "mydocker run [FLAGS] [--] COMMAND [ARG...]";
const PidsSubsystem kPids;

ResourceConfig LimitsFromFlags() {
  ResourceConfig limits;
  limits.memory_limit = absl::GetFlag(FLAGS_m).bytes;
  limits.cpu_shares = absl::GetFlag(FLAGS_cpushare).shares;
  limits.cpuset = absl::GetFlag(FLAGS_cpuset).text;
  limits.pids_limit = absl::GetFlag(FLAGS_pids_limit).processes;
  return limits;
}

// #region init-command
// This same program again, as `init`, in namespaces of its own and with one end
// of the pipe. A copy of it: what runs inside can be opened from inside.
Command InitCommand(const UniqueFd& program, const Pipe& pipe,
                    const std::string& id) {
  Command command;
  command.program_file = program.get();
  command.argv = {"mydocker", "init"};
  const std::string hostname = absl::GetFlag(FLAGS_hostname);
  command.argv.push_back(
      absl::StrCat("-hostname=", hostname.empty() ? id : hostname));
  if (const std::string rootfs = absl::GetFlag(FLAGS_rootfs); !rootfs.empty()) {
    command.argv.push_back(absl::StrCat("-rootfs=", rootfs));
  }
  command.clone_flags =
      CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;
  command.extra_files = {pipe.read_end.get()};
  if (!absl::GetFlag(FLAGS_ti)) {
    command.in_child.push_back(EmptyStandardInput);
  }
  return command;
}
// #endregion init-command

void TellOfStart(const Child& container, const CgroupManager& cgroups) {
  Tell(absl::StrCat("started init as process ", container.pid(),
                    " in new uts, ipc, pid, mnt and net namespaces"));
  for (const std::string& path : cgroups.Paths()) {
    Tell(absl::StrCat("process ", container.pid(), " is in ", path));
  }
}

}  // namespace

absl::StatusOr<int> RunContainer(const std::vector<std::string>& words) {
  if (AsksForHelp(words)) {
    return PrintRunHelp();
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> argv,
                   ParseFlags(words, kAliases));
  if (argv.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the container's command is missing: ", kUsage));
  }
  SetVerbose(absl::GetFlag(FLAGS_v));
  ASSIGN_OR_RETURN(const Supervisor supervisor, Supervisor::Create());

  // The limits come first, then the process, then the command: what starts
  // before it is limited has already taken what it wanted.
  // #region cgroups
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(CgroupManager cgroups, CgroupManager::Create(id, {&kPids}));
  RETURN_IF_ERROR(cgroups.Set(LimitsFromFlags()));
  // #endregion cgroups

  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  ASSIGN_OR_RETURN(UniqueFd program, SealedCopyOfThisProgram());
  Command init = InitCommand(program, pipe, id);
  cgroups.Admit(init);
  supervisor.Release(init);
  ASSIGN_OR_RETURN(Child container, Start(init));
  program.Close();  // Its memory goes as soon as init is another program.
  TellOfStart(container, cgroups);
  RETURN_IF_ERROR(SendMessage(pipe, {argv, IsVerbose()}));

  ASSIGN_OR_RETURN(
      const int exit_status,
      supervisor.Wait(container, absl::GetFlag(FLAGS_ti)
                                     ? KeyboardSignals::kAreForTheContainer
                                     : KeyboardSignals::kEndTheContainer));
  Tell(absl::StrCat("process ", container.pid(), " ended with ", exit_status));
  RETURN_IF_ERROR(ReportOomKills(cgroups, absl::GetFlag(FLAGS_m).bytes));
  RETURN_IF_ERROR(kPids.ReportRefusals(cgroups.CgroupOf(kPids),
                                       absl::GetFlag(FLAGS_pids_limit)));
  RETURN_IF_ERROR(cgroups.Destroy());
  return exit_status;
}

absl::StatusOr<int> PrintRunHelp() {
  RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, HelpPage(kUsage, kAliases)));
  return 0;
}

}  // namespace mydocker
