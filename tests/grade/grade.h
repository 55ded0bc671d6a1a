// The tools for the grader's checks: they run a reader's program and report
// what differs from the expectation, in the reader's words, not in C++.
//
//     TEST_F(Grade, ExitStatus) {
//       const int status = RandomNumber(3, 120);
//       Try({"sh", "-c", absl::StrCat("exit ", status)}).ExpectStatus(status);
//     }
//
// The .toml file of its chapter names each check and has its text for the
// reader. A check has to be fair: any program that follows the command line, in
// any language, passes; and a check fails for one reason. Values from which a
// program could guess the answer are random.
//
// `make test` runs the same checks against our own programs, and also those of
// our_checks.cc, which do not concern readers.

#ifndef MYDOCKER_TESTS_GRADE_GRADE_H_
#define MYDOCKER_TESTS_GRADE_GRADE_H_

#include <sys/types.h>

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/container_test.h"
#include "tests/support/program.h"

namespace blackbox {

using Words = std::vector<std::string>;

// The fixture. Removes what a reader's program leaves behind, without failing
// the check: the runner collects leftovers from all checks, for one check about
// them. Leftovers of our own programs fail the check.
class Grade : public ContainerTest {
 protected:
  void SetUp() override;
  void TearDown() override;
};

// Fails the check, and reports what was run, what was expected and what
// happened instead.
void Complain(const std::string& ran, const std::string& expected,
              const std::string& came);

// Returns whether an ordinary user starts the reader's program, as chapters 5
// and 6 promise; otherwise root does.
bool CallerIsOrdinary();
// The caller's uid.
uid_t CallersUid();

// The chapter's command line for running `command`, with these flags of the
// program's own. The caller is the chapter's, too.
Invocation Asking(const Words& command, const Words& flags = {});
// The same for a command that reads what the caller types.
Invocation AskingInteractively(const Words& command, const Words& flags = {});

// For class Shell.
Invocation AskingForAShell(const Words& flags = {});

// The command line as one would type it.
std::string Typed(const Invocation& invocation);

// The outcome of a program that has ended.
struct Answer : Result {
  std::string ran;     // for Complain
  bool ended = false;  // or it was killed, for it took too long

  // The exit status as a shell shows it: 128 + N for a death by signal N.
  int Status() const;
  // All of it, in words.
  std::string Describe() const;

  // Complains unless `holds`, and returns `holds`. Reports the whole answer, or
  // `came`.
  bool Expect(bool holds, const std::string& expected) const;
  bool Expect(bool holds, const std::string& expected,
              const std::string& came) const;
  bool ExpectOutput(const std::string& output) const;
  bool ExpectStatus(int status) const;
  // Expects exit status 125, no output, and an error; `why` says that nothing
  // ran.
  bool ExpectRefusal(const std::string& why) const;
};

// Runs the program to its end.
Answer Try(const Invocation& invocation);
Answer Try(const Words& command, const Words& flags = {});

// A program that runs a shell, in which the check types commands. At the end of
// this object's life the shell reads end of file, and the program must end.
class Shell {
 public:
  // Complains if no shell answers.
  explicit Shell(const Words& flags = {});
  explicit Shell(const Invocation& invocation);
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;
  ~Shell();

  // Returns whether the shell has answered. If not, further questions are
  // pointless.
  bool IsThere() const { return there_; }
  // The program, and the shell that it has started: their pids on the host.
  pid_t program() const { return program_.pid(); }
  pid_t pid() const { return shell_; }

  // Types a command, and returns what it prints on both streams, without the
  // newline at the end.
  std::string Ask(const std::string& command);
  // The same, but complains unless the output is `expected`.
  bool Expect(const std::string& command, const std::string& expected);
  // Complains unless `holds`, with all that was typed so far.
  bool Expect(bool holds, const std::string& expected,
              const std::string& came) const;

  // Complains unless `came`, the result of `look`, is `expected`. The reader
  // can run `look` on the host; its text ends where the answer begins.
  bool ExpectSeen(const std::string& look, const std::string& came,
                  const std::string& expected) const {
    return Expect(came == expected, look + expected, look + came);
  }

  void Signal(int signal) { program_.Signal(signal); }
  // Closes the shell's input and waits for the program's end.
  Answer End();
  // Only waits: for a program that ends on its own.
  Answer Wait();

 private:
  pid_t FindShell() const;
  Answer Finish();

  std::string ran_;
  Process program_;
  bool there_ = false;
  bool ended_ = false;
  pid_t shell_ = 0;
};

// A program can fake a command's output. These complain unless the kernel
// confirms that the shell has 0, 1 and 2 open; that its working directory is
// its root; that its /proc shows only process 1.
void ExpectStandardStreamsAlone(const Shell& shell);
void ExpectInRootDirectory(const Shell& shell);
void ExpectProcOfItsOwn(const Shell& shell);

// Returns a number from `least` to `most` that no program can guess.
int RandomNumber(int least, int most);

// Runs the program on a terminal and presses Ctrl-C there as soon as its
// command has printed "ready".
Answer PressCtrlC(const Invocation& invocation);

// For a check that kills the program, which is then not to blame for its
// leftovers.
void ForgiveWhatStays();

// "uts, ipc"; "none".
std::string Join(const std::set<std::string>& words);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_GRADE_GRADE_H_
