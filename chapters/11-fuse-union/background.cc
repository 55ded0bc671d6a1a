#include "chapters/11-fuse-union/background.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "common/base/errors.h"

namespace mydocker {

// #region background
absl::StatusOr<std::optional<int>> Background::Start(Background& background) {
  ASSIGN_OR_RETURN(Pipe line, MakePipe());
  const pid_t child = fork();
  if (child < 0) {
    return ErrnoError(errno, "go on in the background");
  }
  if (child == 0) {
    background.line_ = std::move(line.write_end);
    return std::nullopt;
  }
  line.write_end.Close();
  char is_ready = 0;
  if (TEMP_FAILURE_RETRY(read(line.read_end.get(), &is_ready, 1)) == 1) {
    return 0;
  }
  int status = 0;
  TEMP_FAILURE_RETRY(waitpid(child, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : kExitMydockerFailed;
}

void Background::Ready() {
  if (!line_.valid()) {
    return;
  }
  setsid();
  const UniqueFd null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (chdir("/") == 0 && null.valid()) {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      dup2(null.get(), stream);
    }
  }
  [[maybe_unused]] const ssize_t told = write(line_.get(), "", 1);
  line_.Close();
}
// #endregion background

}  // namespace mydocker
