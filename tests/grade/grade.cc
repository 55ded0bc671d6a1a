#include "tests/grade/grade.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <random>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest-spi.h"
#include "tests/support/chapter.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/terminal.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

// The runner, grade.py, passes the chapter in the environment.
std::string Setting(const char* name) {
  const char* value = getenv(name);
  return value != nullptr ? value : "";
}

Words SettingWords(const char* name) {
  return absl::StrSplit(Setting(name), ' ', absl::SkipEmpty());
}

// Returns whether grade.py grades a reader's program; otherwise `make test`
// runs our own.
bool IsGraded() { return !Setting("GRADE_TIME_LIMIT").empty(); }

// The program was killed because it took too long.
bool killed = false;
// Leftovers are not the program's fault.
bool forgiven = false;

// Calls `act` and returns what it would have failed the test with.
std::string FailuresOf(const std::function<void()>& act) {
  testing::TestPartResultArray failures;
  {
    const testing::ScopedFakeTestPartResultReporter instead(
        testing::ScopedFakeTestPartResultReporter::
            INTERCEPT_ONLY_CURRENT_THREAD,
        &failures);
    act();
  }
  std::string text;
  for (int i = 0; i < failures.size(); ++i) {
    absl::string_view message = failures.GetTestPartResult(i).message();
    absl::ConsumePrefix(&message, "Failed\n");
    absl::StrAppend(&text, text.empty() ? "" : "\n", message);
  }
  return text;
}

std::string Seconds() {
  return absl::StrCat(std::chrono::duration<double>(Patience()).count(), " s");
}

// The word as one would type it in a shell.
std::string Quote(const std::string& word) {
  constexpr size_t kMost = 60;
  const std::string shown =
      word.size() <= kMost ? word : absl::StrCat(word.substr(0, kMost), "…");
  const bool plain =
      !shown.empty() &&
      shown.find_first_of(" \t\n'\"\\$*?;&|<>()`#~[]") == std::string::npos;
  return plain ? shown
               : absl::StrCat("'", absl::StrReplaceAll(shown, {{"'", "'\\''"}}),
                              "'");
}

// A program's output, shortened to be shown.
std::string Shown(const std::string& text) {
  constexpr size_t kMost = 400;
  std::string shown = text.substr(0, kMost);
  while (!shown.empty() && shown.back() == '\n') {
    shown.pop_back();
  }
  return text.size() <= kMost ? shown : absl::StrCat(shown, "…");
}

Invocation AskingWith(const Words& own, const Words& flags,
                      const Words& command) {
  Invocation invocation;
  for (const Words& words : {own, flags, command}) {
    invocation.args.insert(invocation.args.end(), words.begin(), words.end());
  }
  if (CallerIsOrdinary()) {
    invocation.uid = kOrdinaryUser;
  }
  return invocation;
}

// The $1 by which a shell of ours is recognized.
const std::string& Mark() {
  static const std::string mark = RandomName();
  return mark;
}

Words MarkedShell() { return {"sh", "-s", Mark()}; }

}  // namespace

const Chapter& ChapterUnderTest() {
  static const Chapter chapter = [] {
    const Words kinds = SettingWords("GRADE_NAMESPACES");
    return Chapter{.folder = Setting("GRADE_CHAPTER"),
                   .namespaces = {kinds.begin(), kinds.end()},
                   .before_command = SettingWords("GRADE_BEFORE_COMMAND")};
  }();
  return chapter;
}

void Grade::SetUp() {
  int seconds = 0;
  if (absl::SimpleAtoi(Setting("GRADE_TIME_LIMIT"), &seconds)) {
    SetPatience(std::chrono::seconds(seconds));
  }
  ContainerTest::SetUp();
  if (!IsSkipped() && Setting("GRADE_CALLER") == "user") {
    SKIP_IF(WhyNoUserNamespaces(kOrdinaryUser));
  }
}

void Grade::TearDown() {
  if (forgiven) {
    // The program was killed. Its next run may remove what it had to leave, and
    // then the next check would find those leftovers missing.
    Execute(Asking({"true"}));
  }
  if (!IsGraded()) {
    forgiven = false;
    ContainerTest::TearDown();
    return;
  }
  // By now everything has been ended, so what is still there was forgotten.
  SetPatience(Patience() / 10);
  const std::string left = FailuresOf([this] { ContainerTest::TearDown(); });
  if (!killed && !forgiven && !left.empty()) {
    RecordProperty("left", left);
  }
  if (killed) {
    RecordProperty("killed", 1);
  }
}

void Complain(const std::string& ran, const std::string& expected,
              const std::string& came) {
  if (IsGraded()) {
    // The runner splits this message again.
    ADD_FAILURE() << '\x1f' << ran << '\x1f' << expected << '\x1f' << came;
  } else {
    ADD_FAILURE() << "ran\n"
                  << ran << "\nexpected\n"
                  << expected << "\ncame\n"
                  << came;
  }
}

bool CallerIsOrdinary() { return Setting("GRADE_CALLER") == "user"; }

uid_t CallersUid() { return CallerIsOrdinary() ? kOrdinaryUser : 0; }

Invocation Asking(const Words& command, const Words& flags) {
  return AskingWith(ChapterUnderTest().before_command, flags, command);
}

Invocation AskingInteractively(const Words& command, const Words& flags) {
  Words own = ChapterUnderTest().before_command;
  for (const std::string& word : SettingWords("GRADE_INTERACTIVE")) {
    own.push_back(word);
  }
  return AskingWith(own, flags, command);
}

Invocation AskingForAShell(const Words& flags) {
  return AskingInteractively(MarkedShell(), flags);
}

std::string Typed(const Invocation& invocation) {
  std::string text = invocation.uid.has_value() ? "" : "sudo ";
  absl::StrAppend(&text, !invocation.program.empty() ? invocation.program
                         : IsGraded()                ? Setting("GRADE_SHOWN")
                                                     : ProgramPath());
  constexpr size_t kMostWords = 24;
  for (size_t i = 0; i < invocation.args.size(); ++i) {
    if (invocation.args[i] == "-s" && i + 1 < invocation.args.size() &&
        invocation.args[i + 1] == Mark()) {
      break;
    }
    if (i == kMostWords) {
      absl::StrAppend(&text, " …");
      break;
    }
    absl::StrAppend(&text, " ", Quote(invocation.args[i]));
  }
  return text;
}

int Answer::Status() const { return signal >= 0 ? 128 + signal : exit_status; }

std::string Answer::Describe() const {
  if (!ended) {
    return absl::StrCat("it did not end within ", Seconds(), " and was killed",
                        out.empty() ? "" : "; output: " + Shown(out),
                        err.empty() ? "" : "; errors: " + Shown(err));
  }
  return absl::StrCat(signal >= 0 ? absl::StrCat("killed by signal ", signal,
                                                 " (", strsignal(signal), ")")
                                  : absl::StrCat("exit status ", exit_status),
                      out.empty() ? ", no output" : "\noutput: " + Shown(out),
                      err.empty() ? "" : "\nerrors: " + Shown(err));
}

bool Answer::Expect(bool holds, const std::string& expected) const {
  return Expect(ended && holds, expected, Describe());
}

bool Answer::Expect(bool holds, const std::string& expected,
                    const std::string& came) const {
  if (!holds) {
    Complain(ran, expected, came);
  }
  return holds;
}

bool Answer::ExpectOutput(const std::string& output) const {
  // The short form, if only the output is wrong.
  if (ended && Status() == 0 && out != output && !out.empty() && err.empty()) {
    Complain(ran, Shown(output), Shown(out));
    return false;
  }
  return Expect(Status() == 0 && out == output,
                absl::StrCat("exit status 0\noutput: ", Shown(output)));
}

bool Answer::ExpectStatus(int status) const {
  return Expect(Status() == status, absl::StrCat("exit status ", status));
}

bool Answer::ExpectRefusal(const std::string& why) const {
  return Expect(
      Status() == 125 && out.empty() && !err.empty(),
      absl::StrCat("exit status 125, no output: ", why, "\nerrors: a message"));
}

Answer Try(const Invocation& invocation) {
  Answer answer;
  const std::string failures =
      FailuresOf([&] { static_cast<Result&>(answer) = Execute(invocation); });
  answer.ran = Typed(invocation);
  answer.ended = failures.empty();
  killed = killed || !answer.ended;
  return answer;
}

Answer Try(const Words& command, const Words& flags) {
  return Try(Asking(command, flags));
}

Shell::Shell(const Words& flags) : Shell(AskingForAShell(flags)) {}

Shell::Shell(const Invocation& invocation)
    : ran_(Typed(invocation)), program_(invocation) {
  const std::string word = RandomName();
  there_ = true;
  const std::string answer = Ask("echo " + word);
  if (answer != word) {
    there_ = false;
    const Answer end = Finish();
    Complain(ran_, word + "   (a shell that answers)",
             absl::StrCat(answer.empty() ? "" : answer + "\n", end.Describe()));
    return;
  }
  ran_ = Typed(invocation);  // No check is about whether it answers.
  shell_ = FindShell();
}

Shell::~Shell() {
  if (!ended_) {
    Finish();
  }
}

// The last of the program's descendants: there may be others between, such as
// sudo or unshare. If there are none, the program has become the shell itself.
pid_t Shell::FindShell() const {
  const std::vector<pid_t> descendants = DescendantsOf(program_.pid());
  pid_t found = descendants.empty() ? program_.pid() : descendants.back();
  for (const pid_t pid : descendants) {
    if (ArgumentsOf(pid) == MarkedShell()) {
      found = pid;
    }
  }
  return found;
}

std::string Shell::Ask(const std::string& command) {
  if (!there_) {
    return "";
  }
  absl::StrAppend(&ran_, "\n# ", command);
  const std::string end = RandomName();
  std::vector<std::string> lines;
  program_.Write(
      absl::StrCat("{ ", command, "\n} 2>&1; echo; echo ", end, "\n"));
  for (std::string line;; lines.push_back(line)) {
    there_ = FailuresOf([&] { line = program_.ReadLine(); }).empty();
    if (!there_ || line == end) {
      break;
    }
  }
  std::string output = absl::StrJoin(lines, "\n");
  while (!output.empty() && output.back() == '\n') {
    output.pop_back();
  }
  return output;
}

bool Shell::Expect(const std::string& command, const std::string& expected) {
  const std::string output = Ask(command);
  if (!there_ && !ended_) {
    const Answer end = Finish();
    return Expect(false, expected, absl::StrCat(output, "\n", end.Describe()));
  }
  return Expect(output == expected, expected, output);
}

bool Shell::Expect(bool holds, const std::string& expected,
                   const std::string& came) const {
  if (!holds) {
    Complain(ran_, expected, came.empty() ? "nothing" : came);
  }
  return holds;
}

Answer Shell::End() {
  program_.CloseInput();
  return Wait();
}

Answer Shell::Wait() {
  Answer answer = Finish();
  answer.ran = ran_;
  return answer;
}

Answer Shell::Finish() {
  Answer answer;
  const std::string failures =
      FailuresOf([&] { static_cast<Result&>(answer) = program_.Wait(); });
  ended_ = true;
  there_ = false;
  answer.ran = ran_;
  answer.ended = failures.empty();
  killed = killed || !answer.ended;
  return answer;
}

void ExpectStandardStreamsAlone(const Shell& shell) {
  const std::string look =
      absl::StrCat("host$ sudo ls /proc/", shell.pid(), "/fd\n");
  const std::string came = absl::StrJoin(OpenFiles(shell.pid()), " ");
  shell.Expect(came == "0 1 2", look + "0 1 2", look + came);
}

void ExpectInRootDirectory(const Shell& shell) {
  const std::string process = absl::StrCat("/proc/", shell.pid());
  struct stat directory = {};
  struct stat root = {};
  const bool same = stat((process + "/cwd").c_str(), &directory) == 0 &&
                    stat((process + "/root").c_str(), &root) == 0 &&
                    directory.st_dev == root.st_dev &&
                    directory.st_ino == root.st_ino;
  const std::string look = absl::StrCat("host$ sudo stat -L -c %d:%i ", process,
                                        "/cwd ", process, "/root\n");
  shell.Expect(same, look + "the same twice: its directory is its root",
               absl::StrCat(look, directory.st_dev, ":", directory.st_ino, "\n",
                            root.st_dev, ":", root.st_ino));
}

void ExpectProcOfItsOwn(const Shell& shell) {
  const std::string proc = absl::StrCat("/proc/", shell.pid(), "/root/proc");
  Words numbers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(proc, error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos) {
      numbers.push_back(name);
    }
  }
  const std::string look =
      absl::StrCat("host$ sudo sh -c 'cd ", proc, " && echo [0-9]*'\n");
  shell.Expect(numbers == Words{"1"}, look + "1",
               look + absl::StrJoin(numbers, " "));
}

Answer PressCtrlC(const Invocation& invocation) {
  Answer answer;
  const std::string failures = FailuresOf([&] {
    Terminal terminal(invocation);
    terminal.Expect("ready");
    terminal.Type(kCtrlC);
    static_cast<Result&>(answer) = terminal.Wait();
  });
  answer.ran = Typed(invocation) + "\n^C";
  answer.ended = failures.empty();
  killed = killed || !answer.ended;
  return answer;
}

void ForgiveWhatStays() { forgiven = true; }

int RandomNumber(int least, int most) {
  static std::mt19937 random(std::random_device{}());
  return std::uniform_int_distribution<int>(least, most)(random);
}

std::string Join(const std::set<std::string>& words) {
  return words.empty() ? "none" : absl::StrJoin(words, ", ");
}

}  // namespace blackbox
