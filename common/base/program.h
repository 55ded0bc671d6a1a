// From chapter 1.
//
// The beginning and the end of every program.

#ifndef MYDOCKER_COMMON_BASE_PROGRAM_H_
#define MYDOCKER_COMMON_BASE_PROGRAM_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Calls `body` and returns what main() is to return: the exit status that
// `body` returns or, after its error as one line on standard error, the exit
// status that the error is marked with. `name` is the program's name in that
// line, a path or its last part (ReportFailure).
//
// Before that it opens /dev/null for each standard stream that the caller left
// closed (OpenMissingStandardStreams).
int RunProgram(absl::string_view name,
               absl::FunctionRef<absl::StatusOr<int>()> body);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_PROGRAM_H_
