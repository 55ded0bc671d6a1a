// From chapter 12.
//
// How a process that changes its user stays tied to the process that watches
// it.

#ifndef MYDOCKER_COMMON_PROCESS_LIFELINE_H_
#define MYDOCKER_COMMON_PROCESS_LIFELINE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// The descriptor of `run` in `init`: the second extra file (Command).
inline constexpr int kLifelineFd = 4;

// Returns a descriptor of the calling process (pidfd_open(2)), for a child to
// look at: it polls readable once this process has ended. Errors: those of
// pidfd_open(2).
absl::StatusOr<UniqueFd> OpenThisProcess();

// Returns the descriptor kLifelineFd, which the next program will not have.
// Errors: those of fcntl(2).
absl::StatusOr<UniqueFd> TakeLifeline();

// Asks the kernel again to kill the calling process when its parent dies
// (prctl(2), PR_SET_PDEATHSIG): a change of user has cleared that. `parent` is
// the parent's OpenThisProcess. If the parent has died meanwhile, ends this
// process; its pid would not tell, since in a new PID namespace getppid() is 0.
// Errors: those of prctl(2) and poll(2).
absl::Status DieWithParentAgain(const UniqueFd& parent);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_LIFELINE_H_
