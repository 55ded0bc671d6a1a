#include "common/process/job_control.h"

#include <errno.h>
#include <unistd.h>

namespace mydocker {
namespace {

// Ignores `signal`; returns what was done about it before.
struct sigaction Ignore(int signal) {
  struct sigaction ignore = {};
  struct sigaction before = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(signal, &ignore, &before);
  return before;
}

void MakeOwnGroupForeground() {
  // To a process in the background tcsetpgrp(3) sends SIGTTOU, which stops it.
  const struct sigaction before = Ignore(SIGTTOU);
  tcsetpgrp(STDIN_FILENO, getpgrp());
  sigaction(SIGTTOU, &before, nullptr);
}

}  // namespace

bool IsInForeground() { return tcgetpgrp(STDIN_FILENO) == getpgrp(); }

// #region become-foreground-group
void BecomeForegroundGroup() {
  if (isatty(STDIN_FILENO)) {
    setpgid(0, 0);
    MakeOwnGroupForeground();
  }
}
// #endregion become-foreground-group

void TakeTerminalBack() {
  const pid_t foreground = tcgetpgrp(STDIN_FILENO);
  const bool is_dead =
      foreground > 0 && kill(-foreground, 0) != 0 && errno == ESRCH;
  if (is_dead) {
    MakeOwnGroupForeground();
  }
}

KeyboardSignalsIgnored::KeyboardSignalsIgnored()
    : on_interrupt_(Ignore(SIGINT)), on_quit_(Ignore(SIGQUIT)) {}

void KeyboardSignalsIgnored::Restore() const {
  sigaction(SIGINT, &on_interrupt_, nullptr);
  sigaction(SIGQUIT, &on_quit_, nullptr);
}

}  // namespace mydocker
