// From chapter 8.
//
// Messages to the user on standard error: with -verbose each step, once the
// kernel has accepted it, and what became of a container. Standard output
// belongs to the container.

#ifndef MYDOCKER_COMMON_BASE_VERBOSE_H_
#define MYDOCKER_COMMON_BASE_VERBOSE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Turns LogStep on or off in this process. It is off by default.
void SetVerbose(bool verbose);
bool IsVerbose();

// Writes "mydocker: STEP (N ms)" as one line to standard error, if verbose. The
// milliseconds are counted from the previous step, or from SetVerbose, in this
// process.
void LogStep(absl::string_view step);

// Logs `step` only if its `result` is OK. Returns `result`.
absl::Status LogStep(absl::Status result, absl::string_view step);

// Writes "mydocker: MESSAGE" as one line to standard error. A failure to write
// is ignored: the container's exit status matters more than our message.
void Report(absl::string_view message);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_VERBOSE_H_
