// Asking the kernel by trying.

#ifndef MYDOCKER_CHAPTERS_00_PROC_TRIAL_H_
#define MYDOCKER_CHAPTERS_00_PROC_TRIAL_H_

#include <string>

#include "absl/status/status.h"
#include "chapters/00-proc/report.h"
#include "common/process/child.h"

namespace mydocker {

// Starts a process as `command` says, in its namespaces, its cgroup and with
// its steps, which ends where the program would begin. Nothing is left of it.
// Returns OK if everything before that went well; errors: those of Start.
absl::Status Try(Command command);

// Returns whether `error` is of the kind that sudo helps against: the kernel
// refused something to a user who is not root.
bool TakesRoot(const absl::Status& error);

// Returns the row `name` for what came of a trial: OK with `success` as its
// detail; or LIMITED with the cure sudo, if that is what is missing; or else NO
// with the error, and `cure`.
Row RowOfTrial(const std::string& name, const absl::Status& outcome,
               const std::string& success, const std::string& cure);

// The cure for whoever is not root.
inline constexpr char kSudo[] = "sudo ./run";

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_00_PROC_TRIAL_H_
