// A program on a terminal, and the user who types there.

#ifndef MYDOCKER_TESTS_SUPPORT_TERMINAL_H_
#define MYDOCKER_TESTS_SUPPORT_TERMINAL_H_

#include <sys/types.h>

#include <string>

#include "tests/support/program.h"

namespace blackbox {

inline constexpr char kCtrlC[] = "\x03";
inline constexpr char kCtrlZ[] = "\x1a";

// A program in the foreground of a new session, with a pseudoterminal (pty(7))
// for standard streams. The terminal does not echo: Expect reads what the
// programs have written, not what was typed. It does not outlive this object.
class Terminal {
 public:
  // Ignores `input` and `closed_files` of `invocation`.
  explicit Terminal(const Invocation& invocation);
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal();

  pid_t pid() const { return pid_; }

  // Types `text`; "\n" is the Enter key, kCtrlC is Ctrl-C.
  void Type(const std::string& text);

  // Waits for `text` on the screen after what earlier calls have read, and
  // returns everything up to its end. After kPatience, or when the last program
  // there has ended without it, the test fails.
  std::string Expect(const std::string& text);

  // Waits for the end of the program. `out` is what Expect has not read.
  Result Wait();

 private:
  // Reads what is available; false when no writer is left.
  bool Read();

  pid_t pid_ = -1;
  int keyboard_ = -1;
  std::string screen_;
  bool reaped_ = false;
};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_TERMINAL_H_
