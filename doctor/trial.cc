#include "doctor/trial.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/namespaces/mounts.h"
#include "common/namespaces/user_map.h"

namespace mydocker {

absl::Status Try(Command command) {
  command.in_child.push_back([]() -> absl::Status { _exit(EXIT_SUCCESS); });
  ASSIGN_OR_RETURN(const int exit_status, Run(command));
  if (exit_status != EXIT_SUCCESS) {
    return absl::InternalError(
        absl::StrCat("the process that tried it ended with ", exit_status));
  }
  return absl::OkStatus();
}

Command InNamespaces(uint64_t clone_flags, std::vector<Step> steps) {
  Command command;
  command.clone_flags = clone_flags;
  command.in_child = std::move(steps);
  return command;
}

absl::Status MakePrivate() { return SetPropagation(Propagation::kPrivate); }

Step MapCallerToRoot() {
  return [uid = geteuid(), gid = getegid()] {
    return WriteUserMap(UserMap::kRoot, uid, gid);
  };
}

bool TakesRoot(const absl::Status& error) {
  const int error_number = ErrnoOf(error);
  return geteuid() != 0 && (error_number == EPERM || error_number == EACCES);
}

Row RowOfTrial(const std::string& name, const absl::Status& outcome,
               const std::string& success, const std::string& fix) {
  if (outcome.ok()) {
    return {name, Verdict::kOk, success};
  }
  if (TakesRoot(outcome)) {
    return {name, Verdict::kLimited, "for root only", kSudo};
  }
  return {name, Verdict::kNo, absl::StrCat(outcome.message()), fix};
}

}  // namespace mydocker
