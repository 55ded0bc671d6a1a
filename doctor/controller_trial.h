// Trying a cgroup controller.

#ifndef MYDOCKER_DOCTOR_CONTROLLER_TRIAL_H_
#define MYDOCKER_DOCTOR_CONTROLLER_TRIAL_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/cgroup/hierarchy.h"
#include "common/cgroup/subsystem.h"
#include "common/process/child.h"

namespace mydocker {

// Makes a cgroup in `hierarchy`, enables `controller` in it, writes a limit if
// a chapter does (memory, cpu, cpuset, pids), starts a process in it, and
// removes it. Errors: those of the first step that failed.
absl::Status TryController(const Hierarchy& hierarchy,
                           absl::string_view controller);

// Starts `command` as Try does, but in a container's cgroups without limits, as
// chapter 8 starts its own, or with the subsystems that a later chapter adds;
// removes them. Errors: those of CgroupManager, Try.
absl::Status TryContainer(Command command,
                          const std::vector<const Subsystem*>& added = {});

// Makes a cgroup in `hierarchy` and checks that it has the file `file`: a
// feature of cgroup v2 without a controller. Errors: as TryController.
absl::Status TryFile(const Hierarchy& hierarchy, absl::string_view file);

}  // namespace mydocker

#endif  // MYDOCKER_DOCTOR_CONTROLLER_TRIAL_H_
