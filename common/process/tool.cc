#include "common/process/tool.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/process/child.h"

namespace mydocker {
namespace {

// In the child: signals do what they do in a program that a shell starts.
absl::Status StopBlockingSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  return absl::OkStatus();
}

// In the child: both outputs are `output`.
absl::Status Redirect(int output) {
  if (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) {
    return ErrnoError(errno, "redirect the standard streams");
  }
  return absl::OkStatus();
}

absl::string_view FirstLine(absl::string_view text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv) {
  // No pipe: nobody would read it while we wait.
  const UniqueFd file(memfd_create("output", MFD_CLOEXEC));
  if (!file.valid()) {
    return ErrnoError(errno, "make a file in memory");
  }
  Command command;
  command.argv = argv;
  command.in_child = {EmptyStandardInput,
                      [&file] { return Redirect(file.get()); },
                      StopBlockingSignals};
  const absl::StatusOr<int> ended = Run(command);
  if (!ended.ok()) {
    // It is we who miss the tool: the user's command is another one.
    return WithExitStatus(ended.status(), kExitMydockerFailed);
  }
  const int exit_status = *ended;
  lseek(file.get(), 0, SEEK_SET);
  ASSIGN_OR_RETURN(std::string output, ReadAll(file.get()));
  if (exit_status != 0) {
    return absl::InternalError(
        absl::StrCat(argv[0], " ended with exit status ", exit_status,
                     output.empty() ? "" : ": ", FirstLine(output)));
  }
  return output;
}

}  // namespace mydocker
