// From chapter 10.
//
// The host's own programs, where one of them does a part of our work better
// than we would: tar, sha256sum.

#ifndef MYDOCKER_COMMON_PROCESS_TOOL_H_
#define MYDOCKER_COMMON_PROCESS_TOOL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mydocker {

// Runs the program argv[0], looked up in PATH, to its end, and returns what it
// wrote to standard output, or to standard error. Its standard input is empty.
// Signals do to it what they do to any program, also where we have them blocked
// (Supervisor). So Ctrl-C ends it, and not us: what it was needed for is still
// to be cleaned up.
// Errors: it cannot be started; its exit status is not 0 (Internal, with the
// first line that it wrote, which mostly says why).
absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_TOOL_H_
