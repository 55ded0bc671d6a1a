#include "tests/support/wait.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

namespace blackbox {
namespace {

// The lab emulates its machines, several at a time.
std::chrono::milliseconds current_patience =
    kPatience * (getenv("MYDOCKER_LAB") != nullptr ? 10 : 1);

}  // namespace

std::chrono::milliseconds Patience() { return current_patience; }

void SetPatience(std::chrono::milliseconds patience) {
  current_patience = patience;
}

int Deadline::MillisecondsLeft() const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(
      at_ - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

bool WaitUntil(const std::function<bool()>& condition) {
  const Deadline deadline;
  while (!condition()) {
    if (deadline.IsOver()) {
      return false;
    }
    usleep(2000);  // Between two checks; only the condition ends the wait.
  }
  return true;
}

bool WaitReadable(int fd) {
  const Deadline deadline;
  pollfd event = {.fd = fd, .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = poll(&event, 1, deadline.MillisecondsLeft());
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

}  // namespace blackbox
