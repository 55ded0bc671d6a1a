// Chapter 0: what /proc shows.
//
// /proc is not a directory on a disk: the kernel generates its files when they
// are read (proc(5)), and ps, mount and lsns get their output from there. This
// program reads the files of one process that the coming chapters are about,
// and compares that process with itself:
//
//     make chapter0 && ./run 1    process 1
//     ./run self                  this one
//
// The parts of common/ that it uses are introduced in the coming chapters.

#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chapters/00-proc/process.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/program.h"
#include "common/base/report.h"

ABSL_FLAG(bool, json, false, "print JSON, for scripts");

namespace mydocker {
namespace {

absl::Status Print(const Report& report) {
  return WriteAll(STDOUT_FILENO,
                  absl::GetFlag(FLAGS_json) ? ToJson(report) : ToText(report));
}

// #region show
absl::StatusOr<int> ShowProcess(const std::string& word) {
  ASSIGN_OR_RETURN(const pid_t pid, FindProcess(word));
  Report report;
  ASSIGN_OR_RETURN(report.emplace_back(), DescribeFiles(pid));
  ASSIGN_OR_RETURN(report.emplace_back(), CompareNamespaces(pid));
  ASSIGN_OR_RETURN(report.emplace_back(), CompareCgroups(pid));
  ASSIGN_OR_RETURN(report.emplace_back(), CompareMounts(pid));
  RETURN_IF_ERROR(Print(report));
  return EXIT_SUCCESS;
}
// #endregion show

absl::StatusOr<int> RunChapter(int argc, char* argv[]) {
  ASSIGN_OR_RETURN(const std::vector<std::string> words,
                   ParseCommandLine(argc, argv, "run [-json] PID | self", {}));
  if (words.size() != 1) {
    return absl::InvalidArgumentError(
        words.empty() ? "a process is missing: run [-json] PID | self; make "
                        "doctor tells whether this machine is ready"
                      : "one process at a time: run [-json] PID");
  }
  return ShowProcess(words[0]);
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunChapter(argc, argv); });
}
