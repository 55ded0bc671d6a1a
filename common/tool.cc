#include "common/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/child.h"
#include "common/errors.h"
#include "common/fd.h"

namespace mydocker {
namespace {

// In the child: standard input is empty, both outputs are `output`.
absl::Status Redirect(int output) {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null.valid() || dup2(null.get(), STDIN_FILENO) < 0 ||
      dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) {
    return ErrnoError(errno, "redirect the standard streams");
  }
  return absl::OkStatus();
}

absl::string_view FirstLine(absl::string_view text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace

absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv) {
  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  Command command;
  command.argv = argv;
  command.in_child.push_back(
      [output = pipe.write_end.get()] { return Redirect(output); });
  ASSIGN_OR_RETURN(Child tool, Start(command));
  pipe.write_end.Close();
  ASSIGN_OR_RETURN(std::string output, ReadAll(pipe.read_end.get()));
  ASSIGN_OR_RETURN(const int exit_status, tool.Wait());
  if (exit_status != 0) {
    return absl::InternalError(
        absl::StrCat(argv[0], " ended with exit status ", exit_status,
                     output.empty() ? "" : ": ", FirstLine(output)));
  }
  return output;
}

}  // namespace mydocker
