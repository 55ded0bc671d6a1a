// Finds out by trying what the kernel allows.

#ifndef MYDOCKER_DOCTOR_TRIAL_H_
#define MYDOCKER_DOCTOR_TRIAL_H_

#include <sched.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/report.h"
#include "common/process/child.h"

namespace mydocker {

// Starts a process as `command` says, in its namespaces and cgroup and with its
// steps, which exits where the program would begin. Leaves nothing behind.
// Returns OK if everything before that succeeded; errors: those of Start.
absl::Status Try(Command command);

// Returns a command for Try in these new namespaces, with these steps.
Command InNamespaces(uint64_t clone_flags, std::vector<Step> steps = {});

// Those of chapter 8's containers, and of all later ones.
inline constexpr uint64_t kContainersNamespaces =
    CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;

// Mounts with FUSE, or finds that fusermount3 can do so for the caller. Defined
// in machine.cc. Errors: those of Try.
absl::Status TryFuse();

// Steps: make the mounts private; make the caller root of the new user
// namespace.
absl::Status MakePrivate();
Step MapCallerToRoot();

// Returns whether sudo would avoid `error`: the kernel refused something to a
// user who is not root.
bool TakesRoot(const absl::Status& error);

// Returns the row `name` for the outcome of a trial: OK with `success` as its
// detail; LIMITED with the fix sudo, if that is what is missing; or else NO
// with the error, and `fix`.
Row RowOfTrial(const std::string& name, const absl::Status& outcome,
               const std::string& success, const std::string& fix);

// The fix for a user who is not root.
inline constexpr char kSudo[] = "sudo make doctor";

}  // namespace mydocker

#endif  // MYDOCKER_DOCTOR_TRIAL_H_
