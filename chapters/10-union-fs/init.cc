#include "chapters/10-union-fs/init.h"

#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/verbose.h"
#include "common/container/handshake.h"
#include "common/files/overlay.h"
#include "common/files/rootfs.h"
#include "common/namespaces/hostname.h"
#include "common/namespaces/mounts.h"
#include "common/process/executable.h"
#include "common/process/inherited.h"

// The same flags as those of `run`, for it is the same program.
ABSL_DECLARE_FLAG(std::string, hostname);
ABSL_DECLARE_FLAG(std::string, rootfs);

namespace mydocker {
namespace {

// #region prepare-root
// Returns the directory that is to be the container's root, empty for the
// host's. If there are layers, it is a mount of all of them.
absl::StatusOr<std::string> PrepareRoot(
    const std::vector<std::string>& layers) {
  if (layers.empty()) {
    return absl::GetFlag(FLAGS_rootfs);
  }
  ASSIGN_OR_RETURN(const std::string merged, MountLayers(layers[0]));
  Tell(absl::StrCat("mounted overlay on ", merged));
  return merged;
}
// #endregion prepare-root

// Gives the container files of its own: none of the host's is in reach from
// then on.
absl::Status EnterOwnFiles(const std::string& rootfs) {
  RETURN_IF_ERROR(EnterRootfs(rootfs));
  Tell(absl::StrCat("made ", rootfs, " the root, and detached the host's"));
  RETURN_IF_ERROR(MountDev());
  RETURN_IF_ERROR(LeaveHostsNull());
  Tell("mounted tmpfs on /dev, with devices; devpts and tmpfs in it");
  RETURN_IF_ERROR(MountSys());
  Tell("mounted sysfs on /sys, read-only");
  return absl::OkStatus();
}

}  // namespace

absl::Status InitContainer(const std::vector<std::string>& words) {
  ASSIGN_OR_RETURN(const std::vector<std::string> layers, ParseFlags(words));
  // Waits until `run` has done its part.
  ASSIGN_OR_RETURN(const StartMessage message,
                   ReceiveMessage(UniqueFd(kHandshakeFd)));
  SetVerbose(message.verbose);

  RETURN_IF_ERROR(DropInherited());
  Tell("left the caller's session keyring, groups and umask");
  const std::string hostname = absl::GetFlag(FLAGS_hostname);
  RETURN_IF_ERROR(SetHostname(hostname));
  Tell(absl::StrCat("set the host name ", hostname));
  RETURN_IF_ERROR(SetPropagation(Propagation::kPrivate));
  Tell("made the mounts below / private");
  ASSIGN_OR_RETURN(const std::string rootfs, PrepareRoot(layers));
  if (!rootfs.empty()) {
    RETURN_IF_ERROR(EnterOwnFiles(rootfs));
  }
  RETURN_IF_ERROR(MountProc());
  Tell("mounted proc on /proc");

  ASSIGN_OR_RETURN(const std::string file,
                   FindExecutable(message.argv[0], SearchPath()));
  Tell(absl::StrCat("execute ", file, " as process 1"));
  return Execute(file, message.argv);
}

}  // namespace mydocker
