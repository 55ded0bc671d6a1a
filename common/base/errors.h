// From chapter 1.
//
// Errors that a reader can act on: what was being done, the kernel's error, and
// what to do about it. They are passed as absl::Status and end as one line on
// standard error and an exit status with Docker's meaning.

#ifndef MYDOCKER_COMMON_BASE_ERRORS_H_
#define MYDOCKER_COMMON_BASE_ERRORS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Exit statuses of `docker run`
// (https://docs.docker.com/engine/containers/run/#exit-status). Any other is
// the container's own.
inline constexpr int kExitMydockerFailed = 125;
inline constexpr int kExitCannotExecute = 126;
inline constexpr int kExitNotFound = 127;

// Returns the error for a system call that failed with `error`, an errno(3).
// `doing` says what was being done, and to what: "mount proc on /proc". `hint`
// says what the reader can do about it, if known. The message is "mount proc on
// /proc: Operation not permitted (EPERM); HINT".
absl::Status ErrnoError(int error, absl::string_view doing,
                        absl::string_view hint = "");

// Returns the errno that `status` was made from, 0 if it was made otherwise.
int ErrnoOf(const absl::Status& status);

// Returns `status` with "; hint" after its message. An OK status is unchanged.
absl::Status WithHint(const absl::Status& status, absl::string_view hint);

// Returns `status` with "DOING: " before its message, for a caller that knows
// the larger purpose. An OK status is unchanged.
absl::Status WithContext(absl::string_view doing, const absl::Status& status);

// Returns `status` marked to end the program with `exit_status` (1 to 255).
absl::Status WithExitStatus(absl::Status status, int exit_status);

// Returns the exit status that `status` is marked with, or else
// kExitMydockerFailed.
int ExitStatusOf(const absl::Status& status);

// Returns an error assembled from parts that another process sent. ErrnoOf will
// return `error_number`, and ExitStatusOf `exit_status`.
absl::Status MakeError(absl::StatusCode code, absl::string_view message,
                       int error_number, int exit_status);

// Writes "PROGRAM: MESSAGE" as one line to standard error, where PROGRAM is the
// last part of the path `program`, and returns ExitStatusOf(status).
int ReportFailure(absl::string_view program, const absl::Status& status);

// As ReportFailure, for a step that fails after the exit status is already
// known: prints the failure without changing that status. Prints nothing for an
// OK status.
void ReportIfFailed(const absl::Status& status,
                    absl::string_view program = "mydocker");

}  // namespace mydocker

// Evaluates `expression`, an absl::Status; returns it from the enclosing
// function if it is not OK.
#define RETURN_IF_ERROR(expression)                   \
  do {                                                \
    absl::Status status_of_expression = (expression); \
    if (!status_of_expression.ok()) {                 \
      return status_of_expression;                    \
    }                                                 \
  } while (false)

// Evaluates `expression`, an absl::StatusOr<T>; assigns its value to
// `variable`, which may be a declaration, or returns its error from the
// enclosing function.
#define ASSIGN_OR_RETURN(variable, expression)                              \
  ASSIGN_OR_RETURN_AS(MYDOCKER_CONCAT(result_of_line_, __LINE__), variable, \
                      expression)
#define ASSIGN_OR_RETURN_AS(result, variable, expression) \
  auto result = (expression);                             \
  if (!result.ok()) {                                     \
    return result.status();                               \
  }                                                       \
  variable = *std::move(result)
#define MYDOCKER_CONCAT(a, b) MYDOCKER_CONCAT_EXPANDED(a, b)
#define MYDOCKER_CONCAT_EXPANDED(a, b) a##b

#endif  // MYDOCKER_COMMON_BASE_ERRORS_H_
