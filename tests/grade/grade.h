// The tools for the grader's checks: they run a reader's program and report
// what is not as expected in the reader's words, not in C++.
//
//     TEST_F(Grade, ExitStatus) {
//       const int status = RandomNumber(3, 120);
//       Try({"sh", "-c", absl::StrCat("exit ", status)}).ExpectStatus(status);
//     }
//
// The .toml file of its chapter names each check and has the text about it for
// the reader. A check has to be fair: any program that keeps to the command
// line, in whatever language, passes; and it fails for one reason. Values from
// which an answer could be guessed are random.
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

// Fails the check: what was run, what was expected, what happened instead.
void Complain(const std::string& ran, const std::string& expected,
              const std::string& came);

// Whether the reader's program is started by an ordinary user, as chapters 5
// and 6 promise; else by root.
bool CallerIsOrdinary();
// The caller's uid.
uid_t CallersUid();

// How the program is asked to run `command`, with these flags of its own: the
// chapter's command line. The caller is the chapter's.
Invocation Asking(const Words& command, const Words& flags = {});
// The same where the command reads what the caller types.
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

  // Complains unless `holds`, and returns it. Reports the whole answer, or
  // `came`.
  bool Expect(bool holds, const std::string& expected) const;
  bool Expect(bool holds, const std::string& expected,
              const std::string& came) const;
  bool ExpectOutput(const std::string& output) const;
  bool ExpectStatus(int status) const;
  // Exit status 125, no output, but an error; `why` says that nothing ran.
  bool ExpectRefusal(const std::string& why) const;
};

// Runs the program to its end.
Answer Try(const Invocation& invocation);
Answer Try(const Words& command, const Words& flags = {});

// A program that runs a shell, to which commands are typed. At the end of this
// object's life the shell reads end of file, and the program must end.
class Shell {
 public:
  // Complains if no shell answers.
  explicit Shell(const Words& flags = {});
  explicit Shell(const Invocation& invocation);
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;
  ~Shell();

  // Whether the shell has answered. If not, further questions are pointless.
  bool IsThere() const { return there_; }
  // The program, and the shell that it has started: as the host numbers them.
  pid_t program() const { return program_.pid(); }
  pid_t pid() const { return shell_; }

  // Types a command, and returns what it prints on both streams, without the
  // newline at the end.
  std::string Ask(const std::string& command);
  // The same where the output has to be `expected`; complains if not.
  bool Expect(const std::string& command, const std::string& expected);
  // Complains unless `holds`, with all that was typed so far.
  bool Expect(bool holds, const std::string& expected,
              const std::string& came) const;

  // Complains unless `came` is `expected`: what comes of `look`, which the
  // reader can do on the host; it ends where the answer begins.
  bool ExpectSeen(const std::string& look, const std::string& came,
                  const std::string& expected) const {
    return Expect(came == expected, look + expected, look + came);
  }

  void Signal(int signal) { program_.Signal(signal); }
  // Lets the shell read end of file and waits for the program's end.
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

// A command's output can be faked. These complain unless the kernel confirms it
// of the shell: that it has 0, 1 and 2 open; that its working directory is its
// root; that /proc, as it sees it, has process 1 alone.
void ExpectStandardStreamsAlone(const Shell& shell);
void ExpectInRootDirectory(const Shell& shell);
void ExpectProcOfItsOwn(const Shell& shell);

// A number from `least` to `most` that nobody can guess.
int RandomNumber(int least, int most);

// Runs the program on a terminal and presses Ctrl-C there as soon as its
// command has printed "ready".
Answer PressCtrlC(const Invocation& invocation);

// For a check that kills the program: its leftovers are then not its fault.
void ForgiveWhatStays();

// "uts, ipc"; "none".
std::string Join(const std::set<std::string>& words);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_GRADE_GRADE_H_
