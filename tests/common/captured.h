// What a function or a program writes to its standard streams.

#ifndef MYDOCKER_TESTS_COMMON_CAPTURED_H_
#define MYDOCKER_TESTS_COMMON_CAPTURED_H_

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/process/child.h"

namespace mydocker {

// Returns what `body` writes to the standard stream `stream`, one text for each
// write(2), which this type of socket keeps apart.
inline std::vector<std::string> CaptureWrites(
    int stream, const std::function<void()>& body) {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd writer(ends[0]);
  const UniqueFd reader(ends[1]);
  fflush(nullptr);
  const UniqueFd saved(fcntl(stream, F_DUPFD_CLOEXEC, 3));
  dup2(writer.get(), stream);
  body();
  fflush(nullptr);
  dup2(saved.get(), stream);
  writer.Close();
  std::vector<std::string> writes;
  std::array<char, 65536> buffer;
  ssize_t size = 0;
  while ((size = read(reader.get(), buffer.data(), buffer.size())) > 0) {
    writes.emplace_back(buffer.data(), size);
  }
  return writes;
}

// Matches the line in which LogStep logs `step`, with any time.
MATCHER_P(LogsStep, step, absl::StrCat("logs: ", step)) {
  absl::string_view time = arg;
  double milliseconds = 0;
  return absl::ConsumePrefix(&time, absl::StrCat("mydocker: ", step, " (")) &&
         absl::ConsumeSuffix(&time, " ms)\n") &&
         absl::SimpleAtod(time, &milliseconds) && milliseconds >= 0;
}

// What a program wrote to its standard output, and how it ended.
struct Output {
  std::string text;
  int exit_status = -1;
};

// Runs `command`, started by `start`, with its standard output in a pipe.
inline absl::StatusOr<Output> RunForOutput(
    Command command,
    const std::function<absl::StatusOr<Child>(const Command&)>& start = Start) {
  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  // A high number, because the command's extra files become 3, 4, …
  const int output = fcntl(pipe.write_end.get(), F_DUPFD_CLOEXEC, 100);
  pipe.write_end = UniqueFd(output);
  command.in_child.insert(command.in_child.begin(), [output]() -> absl::Status {
    if (dup2(output, STDOUT_FILENO) < 0) {
      return ErrnoError(errno, "redirect standard output");
    }
    return absl::OkStatus();
  });
  ASSIGN_OR_RETURN(Child child, start(command));
  pipe.write_end.Close();
  Output result;
  ASSIGN_OR_RETURN(result.text, ReadAll(pipe.read_end.get()));
  ASSIGN_OR_RETURN(result.exit_status, child.Wait());
  return result;
}

// Runs `script` in a shell; `arguments` are its $1, $2, …
inline absl::StatusOr<Output> RunShell(
    const std::string& script, std::vector<std::string> arguments = {}) {
  Command command;
  command.argv = {"sh", "-c", script, "sh"};
  for (std::string& argument : arguments) {
    command.argv.push_back(std::move(argument));
  }
  return RunForOutput(std::move(command));
}

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_COMMON_CAPTURED_H_
