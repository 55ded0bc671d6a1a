// From chapter 8.
//
// What -v tells: each step, once the kernel has accepted it, on standard error.
// Standard output belongs to the container.

#ifndef MYDOCKER_COMMON_VERBOSE_H_
#define MYDOCKER_COMMON_VERBOSE_H_

#include "absl/strings/string_view.h"

namespace mydocker {

// Turns Tell on or off in this process. It is off to begin with.
void SetVerbose(bool verbose);
bool IsVerbose();

// Writes "mydocker: STEP (N ms)" as one line to standard error, if verbose. The
// milliseconds are those since the step before, or since SetVerbose, in this
// process.
void Tell(absl::string_view step);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_VERBOSE_H_
