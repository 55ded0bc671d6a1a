#include "tests/support/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/chapter.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

std::vector<std::string> EnvironmentFor(const Invocation& invocation) {
  if (invocation.environment.has_value()) {
    return *invocation.environment;
  }
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.rfind("RUN=", 0) != 0 && text.rfind("TMPDIR=", 0) != 0) {
      environment.push_back(text);
    }
  }
  environment.push_back("RUN=" + ProgramPath());
  if (!invocation.leak_check) {
    environment.push_back("ASAN_OPTIONS=detect_leaks=0");
  }
  environment.push_back("TMPDIR=" + WatchedTemporaryDirectory());
  return environment;
}

std::string BuiltProgram(const Chapter& chapter) {
  return chapter.program.empty()
             ? absl::StrCat("chapters/", chapter.folder, "/run")
             : chapter.program;
}

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (const std::string& string : strings) {
    pointers.push_back(const_cast<char*>(string.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Signals that a test ignores or blocks for itself must not affect the program.
void ResetSignals() {
  signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool ArrangeFiles(const Invocation& invocation) {
  for (const int fd : invocation.open_files) {
    const int null = open("/dev/null", O_RDWR);
    if (null < 0 || (null != fd && (dup2(null, fd) < 0 || close(null) != 0))) {
      return false;
    }
  }
  for (const int fd : invocation.closed_files) {
    close(fd);
  }
  return true;
}

bool PutOn(uid_t uid) {
  return setgroups(0, nullptr) == 0 && setresgid(uid, uid, uid) == 0 &&
         setresuid(uid, uid, uid) == 0;
}

std::string FileToExecute(const Invocation& invocation) {
  if (!invocation.program.empty()) {
    return invocation.program;
  }
  return invocation.uid.has_value() ? CopyForEverybody(ProgramPath())
                                    : ProgramPath();
}

}  // namespace

std::string ProgramPath() {
  const char* path = getenv("RUN");
  return std::filesystem::absolute(
      path != nullptr && *path != '\0'
          ? path
          : absl::StrCat("build/", BuiltProgram(ChapterUnderTest())));
}

bool IsSanitized() {
  // The function of its runtime library that every such program calls.
  return absl::StrContains(ReadFile(ProgramPath()), "__asan_init");
}

void BecomeProgram(const Invocation& invocation) {
  const std::string file = FileToExecute(invocation);
  std::vector<std::string> words = {file};
  words.insert(words.end(), invocation.args.begin(), invocation.args.end());
  const std::vector<std::string> environment = EnvironmentFor(invocation);
  const std::string directory =
      invocation.directory.empty() ? WatchedDirectory() : invocation.directory;
  // If the test itself is killed, what it has started must not stay.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ResetSignals();
  if (chdir(directory.c_str()) != 0 || !ArrangeFiles(invocation) ||
      (invocation.before_exec && !invocation.before_exec()) ||
      (invocation.uid.has_value() && !PutOn(*invocation.uid))) {
    return;
  }
  execvpe(file.c_str(), Pointers(words).data(), Pointers(environment).data());
}

}  // namespace blackbox
