#include "chapters/12-volumes/init.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/verbose.h"
#include "common/container/become_process.h"
#include "common/container/handshake.h"
#include "common/container/own_files.h"
#include "common/container/spec_json.h"
#include "common/container/spec_mounts.h"
#include "common/files/in_root.h"
#include "common/files/mount_tree.h"
#include "common/files/overlay.h"
#include "common/namespaces/hostname.h"
#include "common/namespaces/mounts.h"
#include "common/privileges/find_user.h"
#include "common/process/executable.h"
#include "common/process/inherited.h"
#include "common/process/lifeline.h"

namespace mydocker {

absl::StatusOr<int> InitContainer(const std::vector<std::string>& /*words*/) {
  // Waits until `run` has done its part.
  ASSIGN_OR_RETURN(const std::string message,
                   ReceiveBytes(UniqueFd(kHandshakeFd)));
  ASSIGN_OR_RETURN(const Spec spec, DecodeSpec(message));
  ASSIGN_OR_RETURN(const UniqueFd run, TakeLifeline());
  SetVerbose(!Annotation(spec, kVerboseAnnotation).empty());

  RETURN_IF_ERROR(LogStep(
      DropInherited(), "left the caller's session keyring, groups and umask"));
  RETURN_IF_ERROR(LogStep(SetHostname(spec.hostname),
                          absl::StrCat("set the host name ", spec.hostname)));
  RETURN_IF_ERROR(SetDomainname(spec.domainname));
  // Here are the host's files, there will be the container's: a path is looked
  // up on its own side, and never again.
  ASSIGN_OR_RETURN(std::vector<OpenMount> mounts, OpenSources(spec.mounts));
  RETURN_IF_ERROR(LogStep(SetPropagation(Propagation::kPrivate),
                          "made the mounts below / private"));
  // The container's root: its layers, shown as one tree, or a directory.
  std::string rootfs = spec.root.path;
  if (const std::string layers = Annotation(spec, kLayersAnnotation);
      !layers.empty()) {
    ASSIGN_OR_RETURN(rootfs, MountLayers(layers));
    LogStep(absl::StrCat("mounted overlay on ", rootfs));
  }
  if (!rootfs.empty()) {
    RETURN_IF_ERROR(EnterOwnFiles(rootfs));
  }
  RETURN_IF_ERROR(LogStep(MountProc(), "mounted proc on /proc"));
  // #region volumes
  ASSIGN_OR_RETURN(const UniqueFd root, OpenRoot());
  RETURN_IF_ERROR(MountInside(root, mounts));
  mounts.clear();  // Soon there may be a limit on what is open.
  if (!rootfs.empty()) {
    RETURN_IF_ERROR(MakeDirectoryInRoot(root, spec.process.cwd));
  }
  if (spec.root.readonly) {
    RETURN_IF_ERROR(LogStep(MakeReadOnly(root), "made / read-only"));
  }
  // #endregion volumes
  // #region process
  ASSIGN_OR_RETURN(const Account account,
                   FindUser(root, Annotation(spec, kUserAnnotation)));
  RETURN_IF_ERROR(BecomeProcess(spec.process, account, root, run));
  // #endregion process

  ASSIGN_OR_RETURN(const std::string file,
                   FindExecutable(spec.process.args[0], SearchPath()));
  LogStep(absl::StrCat("execute ", file, " as process 1"));
  return Execute(file, spec.process.args);
}

}  // namespace mydocker
