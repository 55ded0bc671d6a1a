#include "common/base/errors.h"

#include <string.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mydocker {
namespace {

// An absl::Status carries extra data as payloads, each under a name.
constexpr char kErrnoPayload[] = "mydocker/errno";
constexpr char kExitStatusPayload[] = "mydocker/exit-status";

void SetNumber(absl::Status& status, const char* payload, int number) {
  status.SetPayload(payload, absl::Cord(absl::StrCat(number)));
}

std::optional<int> GetNumber(const absl::Status& status, const char* payload) {
  const auto text = status.GetPayload(payload);
  int number = 0;
  if (!text.has_value() || !absl::SimpleAtoi(std::string(*text), &number)) {
    return std::nullopt;
  }
  return number;
}

// Returns `status` with another message.
absl::Status WithMessage(const absl::Status& status,
                         absl::string_view message) {
  if (status.ok()) {
    return status;
  }
  absl::Status worded(status.code(), message);
  status.ForEachPayload(
      [&worded](absl::string_view name, const absl::Cord& payload) {
        worded.SetPayload(name, payload);
      });
  return worded;
}

}  // namespace

// #region errno-error
absl::Status ErrnoError(int error, absl::string_view doing,
                        absl::string_view hint) {
  const char* name = strerrorname_np(error);
  absl::Status status(
      absl::ErrnoToStatusCode(error),
      absl::StrCat(doing, ": ", strerror(error), " (",
                   name != nullptr ? name : absl::StrCat(error), ")"));
  SetNumber(status, kErrnoPayload, error);
  return hint.empty() ? status : WithHint(status, hint);
}
// #endregion errno-error

int ErrnoOf(const absl::Status& status) {
  return GetNumber(status, kErrnoPayload).value_or(0);
}

absl::Status WithHint(const absl::Status& status, absl::string_view hint) {
  return WithMessage(status, absl::StrCat(status.message(), "; ", hint));
}

absl::Status WithContext(absl::string_view doing, const absl::Status& status) {
  return WithMessage(status, absl::StrCat(doing, ": ", status.message()));
}

absl::Status WithExitStatus(absl::Status status, int exit_status) {
  SetNumber(status, kExitStatusPayload, exit_status);
  return status;
}

int ExitStatusOf(const absl::Status& status) {
  return GetNumber(status, kExitStatusPayload).value_or(kExitMydockerFailed);
}

absl::Status MakeError(absl::StatusCode code, absl::string_view message,
                       int error_number, int exit_status) {
  absl::Status status(code, message);
  if (error_number != 0) {
    SetNumber(status, kErrnoPayload, error_number);
  }
  return WithExitStatus(std::move(status), exit_status);
}

int ReportFailure(absl::string_view program, const absl::Status& status) {
  const size_t slash = program.rfind('/');
  if (slash != absl::string_view::npos) {
    program.remove_prefix(slash + 1);
  }
  const std::string line = absl::StrCat(program, ": ", status.message(), "\n");
  // One write, so that the lines of two containers do not mix. If standard
  // error itself is gone, the exit status has to be enough.
  [[maybe_unused]] const ssize_t written =
      write(STDERR_FILENO, line.data(), line.size());
  return ExitStatusOf(status);
}

void ReportIfFailed(const absl::Status& status, absl::string_view program) {
  if (!status.ok()) {
    ReportFailure(program, status);
  }
}

}  // namespace mydocker
