// Matchers for absl::Status and absl::StatusOr.

#ifndef MYDOCKER_TESTS_COMMON_STATUS_MATCHERS_H_
#define MYDOCKER_TESTS_COMMON_STATUS_MATCHERS_H_

#include <gmock/gmock.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/errors.h"

namespace mydocker {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "fails" : "succeeds") {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).ok();
}

// The error code is `code`.
MATCHER_P(HasCode, code, absl::StatusCodeToString(code)) {
  *result_listener << StatusOf(arg).ToString();
  return StatusOf(arg).code() == code;
}

// The kernel gave this errno(3) as the reason.
MATCHER_P(HasErrno, error, strerrorname_np(error)) {
  *result_listener << StatusOf(arg).ToString();
  return ErrnoOf(StatusOf(arg)) == error;
}

// The program would end with this exit status.
MATCHER_P(HasExitStatus, exit_status, "") {
  *result_listener << ExitStatusOf(StatusOf(arg));
  return ExitStatusOf(StatusOf(arg)) == exit_status;
}

// The message that the reader sees matches `matcher`, or has this text in it.
MATCHER_P(MessageIs, matcher,
          "has a message that " +
              ::testing::DescribeMatcher<std::string>(matcher, negation)) {
  *result_listener << StatusOf(arg).ToString();
  return ::testing::Value(std::string(StatusOf(arg).message()), matcher);
}

inline auto Says(const std::string& part) {
  return MessageIs(::testing::HasSubstr(part));
}

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_COMMON_STATUS_MATCHERS_H_
