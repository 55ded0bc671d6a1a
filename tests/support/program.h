// The program under test, run as a user runs it: by its command line.
//
//     const Result result = Execute({.args = {"sh", "-c", "echo $$"}});
//     EXPECT_THAT(result, Prints("1\n"));
//
// and, where something has to be inspected while it runs:
//
//     Process program({.args = {"sh", "-c", "echo ready; read end"}});
//     ASSERT_EQ(program.ReadLine(), "ready");
//     … inspect …
//     program.CloseInput();
//     EXPECT_THAT(program.Wait(), ExitsWith(1));

#ifndef MYDOCKER_TESTS_SUPPORT_PROGRAM_H_
#define MYDOCKER_TESTS_SUPPORT_PROGRAM_H_

#include <sys/types.h>

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/support/launch.h"

namespace blackbox {

// The outcome of a program.
struct Result {
  // As from waitpid(2): an exit status, or the signal that killed it; the other
  // is -1.
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
  // Its output so far, without what ReadLine has returned.
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

  // Closes its input, waits for its end and returns the outcome, with the
  // output that ReadLine has not returned. After kPatience the test fails and
  // the program is killed.
  Result Wait();

 private:
  // A pipe that carries the program's output, and the string that collects it.
  struct Stream {
    int* fd;
    std::string* text;
  };

  // Moves bytes to and from the program until `done`; false after kPatience.
  bool PumpUntil(const std::function<bool()>& done);
  // Reads what is available; closes the stream at its end.
  void Drain(Stream stream);
  // Writes as much input as the pipe accepts.
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
// be the last command of a pipe or a list.
Result RunOnHost(const std::string& script);

// Runs the program under test with these words and expects it to refuse them,
// with one line that contains each of `mentions` as a separate word and with
// exit status 125. The command should leave a trace if it runs: a file in the
// directory that the fixture watches.
void ExpectRefused(const std::vector<std::string>& args,
                   const std::vector<std::string>& mentions);

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
