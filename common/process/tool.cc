#include "common/process/tool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/process/signals.h"

namespace mydocker {
namespace {

constexpr char kPath[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// In the child: restores the signal handling that a shell gives its programs.
void StopBlockingSignals() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
}

// In the child: makes its surroundings independent of our caller. The language
// and the umask would affect the tool's output.
absl::Status LeaveCallersSurroundings() {
  StopBlockingSignals();
  umask(022);
  if (chdir("/") != 0) {
    return ErrnoError(errno, "go to /");
  }
  if (clearenv() != 0 || setenv("PATH", kPath, 1) != 0 ||
      setenv("LC_ALL", "C", 1) != 0) {
    return ErrnoError(errno, "make an environment");
  }
  return absl::OkStatus();
}

// In the child.
absl::Status Redirect(int input, int output, int errors) {
  if (dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
      dup2(errors, STDERR_FILENO) < 0) {
    return ErrnoError(errno, "redirect the standard streams");
  }
  return absl::OkStatus();
}

// Not simply the first line: gzip's message begins with an empty one.
absl::string_view FirstLineWithText(absl::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
  return text.substr(0, text.find('\n'));
}

}  // namespace

absl::StatusOr<Tool> Tool::Start(const std::vector<std::string>& argv,
                                 const UniqueFd& input) {
  ASSIGN_OR_RETURN(Pipe pipe, MakePipe());
  UniqueFd errors(memfd_create("errors", MFD_CLOEXEC));
  if (!errors.valid()) {
    return ErrnoError(errno, "make a file in memory");
  }
  if (lseek(input.get(), 0, SEEK_SET) != 0) {
    return ErrnoError(errno, absl::StrCat("give ", argv[0], " its input"));
  }
  Command command;
  command.argv = argv;
  command.in_child = {
      [&] { return Redirect(input.get(), pipe.write_end.get(), errors.get()); },
      LeaveCallersSurroundings};
  absl::StatusOr<Child> child = mydocker::Start(command);
  if (!child.ok()) {
    // We lack the tool; it is not the user's command.
    return WithExitStatus(child.status(), kExitMydockerFailed);
  }
  ASSIGN_OR_RETURN(UniqueFd signals, SignalDescriptor(kTerminatingSignals));
  return Tool(argv[0], *std::move(child), std::move(pipe.read_end),
              std::move(errors), std::move(signals));
}

absl::StatusOr<size_t> Tool::Read(char* buffer, size_t size) {
  if (!output_.valid()) {
    return 0;
  }
  pollfd events[] = {{output_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  TEMP_FAILURE_RETRY(poll(events, 2, -1));
  RETURN_IF_ERROR(CheckForInterruption());
  const ssize_t got = TEMP_FAILURE_RETRY(read(output_.get(), buffer, size));
  if (got < 0) {
    return ErrnoError(errno, absl::StrCat("read what ", name_, " writes"));
  }
  return got > 0 ? absl::StatusOr<size_t>(got) : End();
}

absl::StatusOr<size_t> Tool::End() {
  output_.Close();
  ASSIGN_OR_RETURN(const int exit_status, child_.Wait());
  if (exit_status == 0) {
    return 0;
  }
  lseek(errors_.get(), 0, SEEK_SET);
  ASSIGN_OR_RETURN(const std::string text, ReadAll(errors_.get()));
  const absl::string_view why = FirstLineWithText(text);
  return absl::InternalError(absl::StrCat(name_, " ended with exit status ",
                                          exit_status, why.empty() ? "" : ": ",
                                          why));
}

absl::StatusOr<std::string> RunTool(const std::vector<std::string>& argv,
                                    const UniqueFd& input) {
  ASSIGN_OR_RETURN(Tool tool, Tool::Start(argv, input));
  std::string output;
  std::array<char, 4096> buffer;
  size_t size = 0;
  do {
    ASSIGN_OR_RETURN(size, tool.Read(buffer.data(), buffer.size()));
    output.append(buffer.data(), size);
  } while (size > 0);
  return output;
}

}  // namespace mydocker
