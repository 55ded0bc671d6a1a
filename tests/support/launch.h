// How the program under test is started: its arguments, its environment, its
// caller.

#ifndef MYDOCKER_TESTS_SUPPORT_LAUNCH_H_
#define MYDOCKER_TESTS_SUPPORT_LAUNCH_H_

#include <sys/types.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace blackbox {

// Returns the absolute path of the program under test: that in the environment
// variable RUN, or else the chapter's own build (see chapter.h).
std::string ProgramPath();

// How a program is started. Anything not set here is as in the test itself.
struct Invocation {
  // The words after the program's name.
  std::vector<std::string> args = {};
  // What it reads as standard input, followed by end of file (Execute), or by
  // what Process::Write adds.
  std::string input = "";
  // A program to start instead of the one under test, e.g. a shell that plays
  // the host. Looked up in PATH. It finds the program under test as $RUN.
  std::string program = "";
  // The whole environment ("NAME=value"); else the test's, with RUN and TMPDIR.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  // Its working directory; else WatchedDirectory().
  std::string directory = "";
  // An ordinary user to run it as, not necessarily in /etc/passwd. The program
  // under test is copied to a place where this user may execute it.
  std::optional<uid_t> uid = std::nullopt;
  // Descriptors beyond the standard streams that are open at the start.
  std::set<int> open_files = {};
  // Standard streams (0, 1, 2) that are closed at the start.
  std::set<int> closed_files = {};
  // Whether it looks for leaks at its end, if it is built with a sanitizer.
  // The check needs a /proc, one more process and descriptors, which not every
  // host has.
  bool leak_check = true;
  // Called in the new process, last before execve and before the change to
  // `uid`: unshare(2), setrlimit(2), … False: the start has failed.
  std::function<bool()> before_exec = nullptr;
};

// An ordinary user's uid, without a name and without files.
inline constexpr uid_t kOrdinaryUser = 65533;

// Whether the program under test is built with AddressSanitizer.
bool IsSanitized();

// For the harness: replaces the calling process, a fresh fork whose standard
// streams are set, by the program. Returns only if that fails.
void BecomeProgram(const Invocation& invocation);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_LAUNCH_H_
