#include "common/container/become_process.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/verbose.h"
#include "common/files/in_root.h"
#include "common/privileges/become_user.h"
#include "common/process/environment.h"
#include "common/process/lifeline.h"

namespace mydocker {
namespace {

// By descriptor: as a path, /proc/self/fd/3 would lead to whatever init has
// open (CVE-2024-21626).
absl::Status EnterDirectory(const UniqueFd& root, const std::string& path) {
  const std::string doing = absl::StrCat("enter the directory ", path);
  const absl::StatusOr<UniqueFd> directory =
      OpenInRoot(root, path, O_PATH | O_DIRECTORY);
  RETURN_IF_ERROR(WithContext(doing, directory.status()));
  return fchdir(directory->get()) == 0 ? absl::OkStatus()
                                       : ErrnoError(errno, doing);
}

}  // namespace

// #region become-process
absl::Status BecomeProcess(const ProcessSpec& process, const Account& account,
                           const UniqueFd& root, const UniqueFd& run) {
  Environment environment = process.env;
  if (!HasVariable(environment, "HOME")) {
    SetVariable(environment, absl::StrCat("HOME=", account.home));
  }
  SetEnvironment(environment);
  // While we are root, who may raise them.
  RETURN_IF_ERROR(SetResourceLimits(process.rlimits));
  RETURN_IF_ERROR(LogStep(BecomeUser(account.user),
                          absl::StrCat("became user ", account.user.uid,
                                       ", group ", account.user.gid)));
  RETURN_IF_ERROR(DieWithParentAgain(run));
  // As that user, who may be forbidden to.
  return process.cwd.empty() ? absl::OkStatus()
                             : EnterDirectory(root, process.cwd);
}
// #endregion become-process

}  // namespace mydocker
