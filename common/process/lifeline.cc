#include "common/process/lifeline.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/errors.h"

namespace mydocker {

absl::StatusOr<UniqueFd> OpenThisProcess() {
  // It is close-on-exec anyway.
  UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0)));
  if (!process.valid()) {
    return ErrnoError(errno, "open this process");
  }
  return process;
}

absl::StatusOr<UniqueFd> TakeLifeline() {
  UniqueFd process(kLifelineFd);
  if (fcntl(process.get(), F_SETFD, FD_CLOEXEC) != 0) {
    return ErrnoError(errno, "take the descriptor of run");
  }
  return process;
}

// #region die-with-parent-again
absl::Status DieWithParentAgain(const UniqueFd& parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    return ErrnoError(errno, "tie init's life to run's");
  }
  pollfd life = {.fd = parent.get(), .events = POLLIN, .revents = 0};
  const int ended = poll(&life, 1, 0);
  if (ended < 0) {
    return ErrnoError(errno, "see whether run still lives");
  }
  if (ended > 0) {
    _exit(kExitMydockerFailed);
  }
  return absl::OkStatus();
}
// #endregion die-with-parent-again

}  // namespace mydocker
