// From chapter 10.
//
// Work that takes its time, and must stop when it is asked to.

#ifndef MYDOCKER_COMMON_PROCESS_INTERRUPTION_H_
#define MYDOCKER_COMMON_PROCESS_INTERRUPTION_H_

#include "absl/status/status.h"

namespace mydocker {

// Returns Cancelled if a signal waits that is to end this process: SIGINT,
// SIGTERM, SIGHUP or SIGQUIT, blocked by a Supervisor so that there is time to
// clean up. It has its effect when the Supervisor has gone.
absl::Status CheckForInterruption();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_INTERRUPTION_H_
