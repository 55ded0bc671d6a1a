#include "chapters/10-union-fs/init.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/verbose.h"
#include "common/container/handshake.h"
#include "common/container/own_files.h"
#include "common/files/overlay.h"
#include "common/namespaces/hostname.h"
#include "common/namespaces/mounts.h"
#include "common/process/executable.h"
#include "common/process/inherited.h"

namespace mydocker {

absl::StatusOr<int> InitContainer(const std::vector<std::string>& /*words*/) {
  // Waits until `run` has done its part.
  ASSIGN_OR_RETURN(const StartMessage message,
                   ReceiveMessage(UniqueFd(kHandshakeFd)));
  SetVerbose(message.verbose);

  RETURN_IF_ERROR(LogStep(
      DropInherited(), "left the caller's session keyring, groups and umask"));
  RETURN_IF_ERROR(
      LogStep(SetHostname(message.hostname),
              absl::StrCat("set the host name ", message.hostname)));
  RETURN_IF_ERROR(LogStep(SetPropagation(Propagation::kPrivate),
                          "made the mounts below / private"));
  // #region prepare-root
  // The container's root: its layers, shown as one tree, or a directory.
  std::string rootfs = message.rootfs;
  if (!message.layers.empty()) {
    ASSIGN_OR_RETURN(rootfs, MountLayers(message.layers));
    LogStep(absl::StrCat("mounted overlay on ", rootfs));
  }
  if (!rootfs.empty()) {
    RETURN_IF_ERROR(EnterOwnFiles(rootfs));
  }
  // #endregion prepare-root
  RETURN_IF_ERROR(LogStep(MountProc(), "mounted proc on /proc"));

  ASSIGN_OR_RETURN(const std::string file,
                   FindExecutable(message.argv[0], SearchPath()));
  LogStep(absl::StrCat("execute ", file, " as process 1"));
  return Execute(file, message.argv);
}

}  // namespace mydocker
