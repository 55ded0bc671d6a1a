// Chapter 0: what /proc tells, and whether this machine is ready.
//
// /proc is no directory on a disk: the kernel makes up its files when they are
// read (proc(5)), and what ps, mount and lsns print they have from there. This
// program reads the files that the coming chapters are about, and where reading
// is not enough, it tries, in a child of which nothing stays:
//
//     make chapter0 && ./run    is this machine ready? (also: make doctor)
//     ./run 1                   process 1, beside this one
//     ./run self                this one
//
// Exit status: 0 if every chapter is ready for this user (OK), 1 if not, 125 if
// the program itself failed. About a process: 0 or 125.
//
// Unlike the others, this chapter uses all of common/: it looks ahead.

#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chapters/00-proc/checks.h"
#include "chapters/00-proc/process.h"
#include "chapters/00-proc/report.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/program.h"

ABSL_FLAG(bool, json, false, "print JSON, for scripts");

namespace mydocker {
namespace {

absl::Status Print(const Report& report) {
  return WriteAll(STDOUT_FILENO,
                  absl::GetFlag(FLAGS_json) ? ToJson(report) : ToText(report));
}

// #region examine
absl::StatusOr<int> ExamineMachine() {
  Report report;
  report.push_back(CheckMachine());
  report.push_back(CheckNamespaces());
  report.push_back(CheckUserNamespaces());
  report.push_back(CheckCgroups());
  report.push_back(CheckTools());
  report.push_back(CheckChapters(report));
  RETURN_IF_ERROR(Print(report));
  return IsEveryChapterReady(report) ? EXIT_SUCCESS : EXIT_FAILURE;
}
// #endregion examine

// #region show
absl::StatusOr<int> ShowProcess(const std::string& word) {
  ASSIGN_OR_RETURN(const pid_t pid, FindProcess(word));
  Report report;
  ASSIGN_OR_RETURN(report.emplace_back(), LookAtFiles(pid));
  ASSIGN_OR_RETURN(report.emplace_back(), CompareNamespaces(pid));
  ASSIGN_OR_RETURN(report.emplace_back(), CompareCgroups(pid));
  ASSIGN_OR_RETURN(report.emplace_back(), CompareMounts(pid));
  RETURN_IF_ERROR(Print(report));
  return EXIT_SUCCESS;
}
// #endregion show

absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  ASSIGN_OR_RETURN(
      const std::vector<std::string> words,
      ParseCommandLine(argc, argv, "run [-json] [PID | self]", {}));
  if (words.empty()) {
    return ExamineMachine();
  }
  if (words.size() > 1) {
    return absl::InvalidArgumentError("one process at a time: run [-json] PID");
  }
  return ShowProcess(words[0]);
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
