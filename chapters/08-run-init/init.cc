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

// #region steps
absl::Status InitContainer() {
  // Waits until `run` has done its part.
  ASSIGN_OR_RETURN(const StartMessage message,
                   ReceiveMessage(UniqueFd(kHandshakeFd)));
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
