#include "chapters/08-run-init/init.h"

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/errors.h"
#include "common/executable.h"
#include "common/fd.h"
#include "common/handshake.h"
#include "common/mounts.h"
#include "common/verbose.h"

namespace mydocker {
namespace {

// Waits here until `run` has done its part.
absl::StatusOr<StartMessage> ReceiveCommand() {
  const UniqueFd pipe(kHandshakeFd);
  absl::StatusOr<StartMessage> message = ReceiveMessage(pipe.get());
  if (absl::IsFailedPrecondition(message.status())) {
    return WithHint(message.status(),
                    "init is started by run, inside a new container: "
                    "mydocker run COMMAND");
  }
  return message;
}

}  // namespace

// #region steps
absl::Status InitContainer() {
  ASSIGN_OR_RETURN(const StartMessage message, ReceiveCommand());
  SetVerbose(message.verbose);

  RETURN_IF_ERROR(SetPropagation(Propagation::kPrivate));
  Tell("made the mounts below / private");
  RETURN_IF_ERROR(MountProc());
  Tell("mounted proc on /proc");

  ASSIGN_OR_RETURN(const std::string file,
                   FindExecutable(message.argv[0], SearchPath()));
  Tell(absl::StrCat("execute ", file, " as process 1"));
  return Execute(file, message.argv);
}
// #endregion steps

}  // namespace mydocker
