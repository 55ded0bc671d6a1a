// An interactive shell on the host that runs the program under test as a job.

#ifndef MYDOCKER_TESTS_SUPPORT_HOSTS_SHELL_H_
#define MYDOCKER_TESTS_SUPPORT_HOSTS_SHELL_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/program.h"
#include "tests/support/terminal.h"

namespace blackbox {

// Returns an invocation of `shell` on the host with the words `words`. The
// words of `invocation` follow, as "$@"; "$RUN" is the program.
Invocation InHostsShell(const std::string& shell, Invocation invocation,
                        std::vector<std::string> words);

// bash at its prompt, as a user sees it. "$@" are the words of the program.
class HostsShell : public Terminal {
 public:
  explicit HostsShell(const Invocation& invocation);
  void AwaitPrompt() { Expect("host> "); }
  // The program's pid on the host: the process that the shell has started.
  // Waits until it exists; 0 if it does not appear.
  pid_t FindProgram();
  // Ends the shell. Everything it has started must have ended.
  void End();
};

// Waits until the process is in this state ("S", "T", …), and returns whether
// it was within kPatience.
bool WaitForState(pid_t pid, const std::string& state);

// Returns the foreground process group of the process's terminal.
pid_t ForegroundOf(pid_t pid);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_HOSTS_SHELL_H_
