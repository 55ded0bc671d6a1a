// From chapter 8.
//
// What a person is told on standard error: with -verbose each step, once the
// kernel has accepted it, and what became of a container. Standard output
// belongs to the container.

#ifndef MYDOCKER_COMMON_BASE_VERBOSE_H_
#define MYDOCKER_COMMON_BASE_VERBOSE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Turns LogStep on or off in this process. It is off to begin with.
void SetVerbose(bool verbose);
bool IsVerbose();

// Writes "mydocker: STEP (N ms)" as one line to standard error, if verbose. The
// milliseconds are those since the step before, or since SetVerbose, in this
// process.
void LogStep(absl::string_view step);

// As LogStep if `result`, the step's, is OK. Returns `result`.
absl::Status LogStep(absl::Status result, absl::string_view step);

// Writes "mydocker: MESSAGE" as one line to standard error. If nobody is there
// to read it, nothing is written: the container's exit status is worth more
// than an error of ours.
void Report(absl::string_view message);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_VERBOSE_H_
