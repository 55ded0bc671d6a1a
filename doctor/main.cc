// The doctor: is this machine ready for each chapter?
//
// It does not guess from the version of the kernel. It tries what the chapters
// do, in a child that leaves nothing behind:
//
//     make doctor
//
// Exit status: 0 if every chapter is ready for this user (OK), 1 if not, 125 if
// the program itself failed.

#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/program.h"
#include "common/base/report.h"
#include "doctor/checks.h"

ABSL_FLAG(bool, json, false, "print JSON, for scripts");

namespace mydocker {
namespace {

absl::StatusOr<int> ExamineMachine() {
  Report report;
  report.push_back(CheckMachine());
  report.push_back(CheckNamespaces());
  report.push_back(CheckUserNamespaces());
  report.push_back(CheckCgroups());
  report.push_back(CheckTools());
  report.push_back(CheckChapters(report));
  RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, absl::GetFlag(FLAGS_json)
                                              ? ToJson(report)
                                              : ToText(report)));
  return IsEveryChapterReady(report) ? EXIT_SUCCESS : EXIT_FAILURE;
}

absl::StatusOr<int> RunDoctor(int argc, char* argv[]) {
  ASSIGN_OR_RETURN(const std::vector<std::string> words,
                   ParseCommandLine(argc, argv, "doctor [-json]", {}));
  if (!words.empty()) {
    return absl::InvalidArgumentError("the doctor takes no words: [-json]");
  }
  return ExamineMachine();
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::RunProgram(argv[0],
                              [&] { return mydocker::RunDoctor(argc, argv); });
}
