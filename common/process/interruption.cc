#include "common/process/interruption.h"

#include <signal.h>
#include <string.h>

#include "absl/strings/str_cat.h"

namespace mydocker {

absl::Status CheckForInterruption() {
  sigset_t waiting;
  sigemptyset(&waiting);
  sigpending(&waiting);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    if (sigismember(&waiting, signal) == 1) {
      return absl::CancelledError(
          absl::StrCat("interrupted by SIG", sigabbrev_np(signal)));
    }
  }
  return absl::OkStatus();
}

}  // namespace mydocker
