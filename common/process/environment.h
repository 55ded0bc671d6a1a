// From chapter 12.
//
// A process's environment (environ(7)), as data and as it is.

#ifndef MYDOCKER_COMMON_PROCESS_ENVIRONMENT_H_
#define MYDOCKER_COMMON_PROCESS_ENVIRONMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// "NAME=value", each name once, in the order in which they came first.
using Environment = std::vector<std::string>;

// Whether `word` is NAME=VALUE, or NAME, which stands for the caller's value.
// VALUE may be empty. Errors: InvalidArgument for an empty name.
absl::Status CheckVariable(absl::string_view word);

// Returns the words of a file in Docker's format: one a line, as above. Lines
// that begin with # are left out, as are empty ones; spaces before a name, a
// byte order mark at the beginning and a carriage return at the end of a line
// do not count. Quotes are part of the value.
// Errors: InvalidArgument, with the line's number, for an empty name, for one
// with spaces in it, and for a NUL byte.
absl::StatusOr<std::vector<std::string>> ParseEnvFile(absl::string_view text);

// Gives `environment` the variable that `word` stands for, in place of one with
// that name. A NAME that this process has not in its own environment changes
// nothing.
void SetVariable(Environment& environment, absl::string_view word);

// Whether `environment` has the variable `name`.
bool HasVariable(const Environment& environment, absl::string_view name);

// Replaces the environment of the calling process.
void SetEnvironment(const Environment& environment);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_ENVIRONMENT_H_
