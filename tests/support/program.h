// The program under test, run as a user runs it: by its command line.
//
//     const Result result = Execute({.args = {"sh", "-c", "echo $$"}});
//     EXPECT_THAT(result, Prints("1\n"));
//
// and, where something has to be looked at while it runs:
//
//     Process program({.args = {"sh", "-c", "echo ready; read end"}});
//     ASSERT_EQ(program.ReadLine(), "ready");
//     … look …
//     program.CloseInput();
//     EXPECT_THAT(program.Wait(), ExitsWith(1));

#ifndef MYDOCKER_TESTS_SUPPORT_PROGRAM_H_
#define MYDOCKER_TESTS_SUPPORT_PROGRAM_H_

#include <sys/types.h>

#include <functional>
#include <iosfwd>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

namespace blackbox {

// Returns the absolute path of the program under test: that in the environment
// variable RUN, or else the chapter's own build (see chapter.h).
std::string ProgramPath();

// How a program is started. What is not mentioned is as in the test itself.
struct Invocation {
  // The words behind the program's name.
  std::vector<std::string> args = {};
  // What it reads as standard input, followed by end of file (Execute), or by
  // what Process::Write adds.
  std::string input = "";
  // Another program than the one under test, e.g. a shell that plays the host.
  // Looked up in PATH. It finds the program under test as $RUN.
  std::string program = "";
  // The whole environment ("NAME=value"); else the test's, with RUN and TMPDIR.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  // Where it starts; else the empty directory that LeakCheck watches.
  std::string directory = "";
  // An ordinary user to run it as, who need not be in /etc/passwd. The program
  // under test is copied to where such a user may execute it.
  std::optional<uid_t> uid = std::nullopt;
  // Descriptors beyond the standard streams that are open at the start.
  std::set<int> open_files = {};
  // Standard streams (0, 1, 2) that are closed at the start.
  std::set<int> closed_files = {};
  // Done in the new process, last before execve and before `uid` is put on:
  // unshare(2), setrlimit(2), … False: the start has failed.
  std::function<bool()> before_exec = nullptr;
};

// An ordinary user's uid: no name goes with it, and nothing belongs to it.
inline constexpr uid_t kOrdinaryUser = 65533;

// What came of a program.
struct Result {
  // As waitpid(2) tells it: an exit status, or the signal that killed it; the
  // other is -1.
  int exit_status = -1;
  int signal = -1;
  std::string out = "";
  std::string err = "";
};
std::ostream& operator<<(std::ostream& stream, const Result& result);

// A running program, with pipes for standard streams. It does not outlive this
// object: it is killed if nobody has waited for it.
class Process {
 public:
  // Starts it. A failure to do so fails the test, and every wait ends at once.
  explicit Process(const Invocation& invocation);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  // What it has written so far and ReadLine has not taken.
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

  // Waits for a line of standard output and returns it without its end. At the
  // end of the output, or after kPatience, the test fails.
  std::string ReadLine();
  // The same for standard error.
  std::string ReadErrorLine();

  // Gives it more input.
  void Write(const std::string& text);
  // Lets it read end of file, after what was written.
  void CloseInput();
  void Signal(int signal);

  // Closes its input, waits for its end and returns what came of it, with the
  // output that ReadLine has not taken. After kPatience the test fails and the
  // program is killed.
  Result Wait();

 private:
  // A pipe from which the program's output comes, and where it is kept.
  struct Stream {
    int* fd;
    std::string* text;
  };

  // Moves bytes to and from the program until `done`; false after kPatience.
  bool PumpUntil(const std::function<bool()>& done);
  // Takes what is there; closes the stream at its end.
  void Drain(Stream stream);
  // Writes as much input as the program takes.
  void Feed();
  std::string TakeLine(Stream stream, const char* name);

  pid_t pid_ = -1;
  int pidfd_ = -1;
  int input_fd_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::string input_;
  bool close_input_ = false;
  bool reaped_ = false;
  std::string out_;
  std::string err_;
};

// Runs a program to its end.
Result Execute(const Invocation& invocation);

// Runs `script` with sh on the host: $RUN is the program under test, which must
// be the last thing that a pipe or a list of commands needs.
Result RunOnHost(const std::string& script);

// For the harness: replaces the calling process, a fresh fork whose standard
// streams are set, by the program. Returns only if that fails.
void BecomeProgram(const Invocation& invocation);

// Matches a Result that ended by itself with this exit status.
MATCHER_P(ExitsWith, status, absl::StrCat("has exit status ", status)) {
  return arg.signal == -1 && arg.exit_status == status;
}

// Matches a Result that succeeded, with exactly this output and no errors.
MATCHER_P(Prints, text,
          absl::StrCat("succeeds with exactly this output: ",
                       testing::PrintToString(text))) {
  return arg.exit_status == 0 && arg.out == text && arg.err.empty();
}

// Matches a Result with this exit status, no output, and exactly one line on
// standard error, which `line` matches.
MATCHER_P2(FailsInOneLine, status, line,
           absl::StrCat("has exit status ", status,
                        ", no output, and one line of error that ",
                        testing::DescribeMatcher<std::string>(line))) {
  return arg.exit_status == status && arg.out.empty() &&
         arg.err.find('\n') == arg.err.size() - 1 && arg.err.size() > 1 &&
         testing::ExplainMatchResult(line, arg.err, result_listener);
}

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_PROGRAM_H_
