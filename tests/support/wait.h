// Waiting for something that happens in another process or in the kernel.
//
// Nothing here sleeps for a fixed time and hopes: a wait ends when its
// condition holds. The bound only turns a test that would hang into one that
// fails, and is far above what a busy machine or an emulated one needs.

#ifndef MYDOCKER_TESTS_SUPPORT_WAIT_H_
#define MYDOCKER_TESTS_SUPPORT_WAIT_H_

#include <chrono>
#include <functional>
#include <string>

namespace blackbox {

// How long any wait may take before the test fails, unless SetPatience says
// otherwise: a grader has less patience with programs that may well hang. In
// the lab it is ten times as long.
inline constexpr std::chrono::seconds kPatience(60);
std::chrono::milliseconds Patience();
void SetPatience(std::chrono::milliseconds patience);

// The moment after which a wait fails, and the time left until then.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds from_now = Patience())
      : at_(std::chrono::steady_clock::now() + from_now) {}
  bool IsOver() const { return std::chrono::steady_clock::now() >= at_; }
  // For poll(2): rounded up, 0 when it is over.
  int MillisecondsLeft() const;

 private:
  std::chrono::steady_clock::time_point at_;
};

// Polls `condition` until it holds, for what the kernel finishes asynchronously
// and without notification (an orphan's new parent, a freed cgroup). Returns
// whether it held within kPatience.
bool WaitUntil(const std::function<bool()>& condition);

// Waits until the file descriptor `fd` polls readable or closed, and returns
// whether it did within kPatience.
bool WaitReadable(int fd);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_WAIT_H_
