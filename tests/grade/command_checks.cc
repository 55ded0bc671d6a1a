// What every chapter's program must do with the command that it runs.

#include <signal.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/grade/grade.h"
#include "tests/support/chapter.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

TEST_F(Grade, CommandRuns) {
  const std::string word = RandomName();
  Try({"echo", word}).ExpectOutput(word + "\n");
}

TEST_F(Grade, ShellUnlessGiven) {
  const int number = RandomNumber(1000, 9999);
  Invocation invocation = AskingInteractively({});
  const int status = RandomNumber(3, 120);
  invocation.input =
      absl::StrCat("echo $((", number, " + 1)); exit ", status, "\n");
  Answer answer = Try(invocation);
  answer.ran += "\n# " + invocation.input;
  answer.Expect(
      answer.Status() == status && answer.out == absl::StrCat(number + 1, "\n"),
      absl::StrCat("exit status ", status, "\noutput: ", number + 1));
}

TEST_F(Grade, ArgumentsArrive) {
  const std::string word = RandomName();
  Words command = {"printf", "<%s>", "a  b", "",   "$HOME", "*",
                   "it's",   "-x",   "c\nd", "\"", "\\",    "--",
                   " \t ",   "\xff", word,   ""};
  std::string expected;
  for (size_t i = 2; i < command.size(); ++i) {
    absl::StrAppend(&expected, "<", command[i], ">");
  }
  if (Try(command).ExpectOutput(expected) &&
      // Flags after the command belong to it.
      Try({"echo", "-n", word}).ExpectOutput(word)) {
    Try({"sh", "-c", "echo ${#1}", "sh", std::string(100'000, 'x')})
        .ExpectOutput("100000\n");
  }
}

TEST_F(Grade, StreamsAreTheCallers) {
  const std::string word = RandomName();
  Invocation invocation =
      AskingInteractively({"sh", "-c", "cat; echo complaint >&2"});
  for (int i = 0; i < 20'000; ++i) {
    invocation.input += word + "\n";
  }
  for (int i = 0; i < 1'000'000; ++i) {
    invocation.input += static_cast<char>(i % 251);  // At every alignment.
  }
  const Answer answer = Try(invocation);
  answer.Expect(answer.Status() == 0 && answer.out == invocation.input &&
                    absl::StrContains(answer.err, "complaint\n"),
                absl::StrCat("its input, 20,000 lines ", word,
                             " and a million bytes, as output; complaint on "
                             "standard error"));
}

TEST_F(Grade, NoOtherFilesAreOpen) {
  // If descriptors leak, at least one of these does.
  Invocation invocation = Asking({"ls", "/proc/self/fd"});
  invocation.open_files = {3, RandomNumber(5, 50), RandomNumber(60, 200)};
  Answer answer = Try(invocation);
  answer.ran =
      absl::StrCat("exec 3</dev/null ",
                   *std::next(invocation.open_files.begin()), "</dev/null ",
                   *invocation.open_files.rbegin(), "</dev/null\n", answer.ran);
  if (!answer.Expect(
          answer.out == "0\n1\n2\n3\n",
          "0\n1\n2\n3   (3 is the directory that ls itself has opened)")) {
    return;
  }
  Invocation interactive = AskingForAShell();
  interactive.open_files = invocation.open_files;
  const Shell shell(interactive);
  if (shell.IsThere()) {
    ExpectStandardStreamsAlone(shell);
  }
}

TEST_F(Grade, ExitStatus) {
  // A random status, and those that may have a meaning for the program.
  for (const int status :
       {RandomNumber(3, 120), 0, 1, 124, 125, 126, 127, 128, 137, 255}) {
    if (!Try({"sh", "-c", absl::StrCat("exit ", status)})
             .ExpectStatus(status)) {
      return;
    }
  }
}

TEST_F(Grade, DeathBySignal) {
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  kill(shell.pid(), SIGKILL);
  Answer answer = shell.Wait();
  absl::StrAppend(&answer.ran, "\nhost$ sudo kill -KILL ", shell.pid(),
                  "   (that shell, as the host numbers it)");
  if (answer.ExpectStatus(128 + SIGKILL)) {
    // A program whose stack may not grow cannot start. The kernel raises this
    // fault, so it ends a process 1 too, which `kill -SEGV $$` does not.
    Try({"sh", "-c", "ulimit -s 0; exec true"}).ExpectStatus(128 + SIGSEGV);
  }
}

TEST_F(Grade, CommandThatCannotRun) {
  // The PATH may contain a directory that this user may not enter.
  const std::string name =
      (CallerIsOrdinary() ? "/nowhere/" : "") + RandomName();
  const Answer not_found = Try({name});
  not_found.Expect(
      not_found.Status() == 127 && absl::StrContains(not_found.err, name),
      absl::StrCat("exit status 127\nerrors: a message that names ", name));
  const std::string file = MakeFile("no-program", "text\n", 0644);
  const Answer refused = Try({file});
  refused.Expect(
      refused.Status() == 126 && absl::StrContains(refused.err, file),
      absl::StrCat("exit status 126\nerrors: a message that names ", file));
}

TEST_F(Grade, RefusedWithoutRoot) {
  Invocation invocation = Asking({"echo", "started"});
  invocation.uid = kOrdinaryUser;
  const Answer answer = Try(invocation);
  answer.ExpectRefusal("the command is not started");
}

TEST_F(Grade, CtrlC) {
  const int status = RandomNumber(3, 120);
  // A shell that is interrupted just before it starts a command runs its trap
  // only after that command, so no command may take long.
  PressCtrlC(AskingInteractively(
                 {"sh", "-c",
                  absl::StrCat("trap 'exit ", status,
                               "' INT; echo ready; while :; do sleep 0.1; "
                               "done")}))
      .ExpectStatus(status);
}

TEST_F(Grade, Namespaces) {
  const Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::set<std::string> own = NamespacesThatDiffer(getpid(), shell.pid());
  shell.Expect(own == ChapterUnderTest().namespaces,
               absl::StrCat("namespaces of its own: ",
                            Join(ChapterUnderTest().namespaces)),
               absl::StrCat("namespaces of its own: ", Join(own),
                            "\n(where host$ sudo readlink /proc/", shell.pid(),
                            "/ns/* differs from readlink /proc/self/ns/*)"));
}

}  // namespace
}  // namespace blackbox
