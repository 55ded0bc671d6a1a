// Chapter 7: a limit on memory.
//
// Namespaces decide what a process sees; cgroups decide how much it gets
// (cgroups(7)). A cgroup is a directory that one makes in a kernel file system,
// a limit is a file in it, and a process enters when its number is written to
// another file:
//
//     make chapter7 && sudo ./run -m 100m
//
// The order matters. The limit is set before the process is inside, and the
// process is inside before the workload starts: a workload that is limited only
// later already has its memory.

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/command_line.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/kernel_file.h"
#include "common/base/program.h"
#include "common/base/size.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/hierarchy.h"
#include "common/container/container_directory.h"
#include "common/namespaces/mountinfo.h"
#include "common/namespaces/mounts.h"
#include "common/process/child.h"
#include "common/process/supervisor.h"

ABSL_FLAG(mydocker::Propagation, propagation, mydocker::Propagation::kPrivate,
          "how mounts travel between the host and here: private, slave, shared "
          "or unchanged");
ABSL_FLAG(mydocker::Size, m, mydocker::Size{100 << 20},
          "the most memory that the command may have, e.g. 100m");

namespace mydocker {
namespace {

// #region inside
// The name under which this program starts itself again inside the container.
// It is how the second run knows not to start a third.
constexpr absl::string_view kInside = "mydocker-workload";

// In the container, as its process 1: runs the workload.
absl::StatusOr<int> RunWorkload(const std::vector<std::string>& workload) {
  Command command;
  command.argv = workload;
  return Run(command);
}
// #endregion inside

// #region limit
// Writes the limit, under its name in each version of cgroups.
absl::Status SetLimit(const Cgroup& cgroup, uint64_t bytes) {
  const bool v1 = cgroup.version() == CgroupVersion::kV1;
  return WriteKernelFile(
      cgroup.File(v1 ? "memory.limit_in_bytes" : "memory.max"),
      absl::StrCat(bytes));
}
// #endregion limit

// Prints to standard error what the kernel's files show of the cgroup.
absl::Status ReportUse(const Cgroup& cgroup) {
  const bool v1 = cgroup.version() == CgroupVersion::kV1;
  ASSIGN_OR_RETURN(
      const uint64_t limit,
      ReadNumber(cgroup.File(v1 ? "memory.limit_in_bytes" : "memory.max")));
  ASSIGN_OR_RETURN(
      const uint64_t kills,
      ReadKeyedNumber(cgroup.File(v1 ? "memory.oom_control" : "memory.events"),
                      "oom_kill"));
  // memory.peak exists since Linux 5.19.
  const absl::StatusOr<uint64_t> peak =
      ReadNumber(cgroup.File(v1 ? "memory.max_usage_in_bytes" : "memory.peak"));
  const std::string report = absl::StrCat(
      "limit:     ", DescribeSize(limit), "\npeak use:  ",
      peak.ok() ? DescribeSize(*peak) : "this kernel does not tell",
      "\nOOM kills: ", kills, "\n");
  return WriteAll(STDERR_FILENO, report);
}

absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  if (argc > 0 && argv[0] == kInside) {
    return RunWorkload({argv + 1, argv + argc});
  }
  ASSIGN_OR_RETURN(
      std::vector<std::string> workload,
      ParseCommandLine(
          argc, argv, "run [FLAGS] [COMMAND [ARG...]]",
          {"stress", "--vm-bytes", "200m", "--vm-keep", "-m", "1"}));
  ASSIGN_OR_RETURN(const Supervisor supervisor,
                   Supervisor::Create(Keyboard::kIsTheContainers));

  // #region cgroup
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadCgroupMounts());
  ASSIGN_OR_RETURN(const Hierarchy memory, FindHierarchy(mounts, "memory"));
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(ContainerDirectory directory,
                   ContainerDirectory::Create(id));
  ASSIGN_OR_RETURN(Cgroup cgroup, Cgroup::Create(memory, id));
  RETURN_IF_ERROR(cgroup.Enable("memory"));
  RETURN_IF_ERROR(SetLimit(cgroup, absl::GetFlag(FLAGS_m).bytes));
  // #endregion cgroup

  // #region start
  Command command;
  command.program = "/proc/self/exe";
  command.argv = {std::string(kInside)};
  command.argv.insert(command.argv.end(), workload.begin(), workload.end());
  command.clone_flags = CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS;
  command.in_child.push_back(
      [] { return SetPropagation(absl::GetFlag(FLAGS_propagation)); });
  cgroup.Admit(command);
  ASSIGN_OR_RETURN(Child container, supervisor.Start(command));
  RETURN_IF_ERROR(directory.SetInit(container.pid()));
  // #endregion start
  // #region end
  ASSIGN_OR_RETURN(const int exit_status, supervisor.Wait(container));
  ReportIfFailed(ReportUse(cgroup), argv[0]);
  // What could not be removed stays recorded, for the next run.
  const absl::Status removed = cgroup.Remove();
  ReportIfFailed(removed.ok() ? directory.Remove() : removed, argv[0]);
  return exit_status;
  // #endregion end
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
