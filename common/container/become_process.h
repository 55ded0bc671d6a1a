// From chapter 12.

#ifndef MYDOCKER_COMMON_CONTAINER_BECOME_PROCESS_H_
#define MYDOCKER_COMMON_CONTAINER_BECOME_PROCESS_H_

#include "absl/status/status.h"
#include "common/base/fd.h"
#include "common/container/spec.h"
#include "common/privileges/users.h"

namespace mydocker {

// Gives this process, init, what `process` says of the container's first one:
// environment, limits, user and directory. `account` is its user, `root` the
// container's root, `run` what DieWithParentAgain needs. Afterwards it may have
// no rights any more: the rest is to execute the command.
// Errors: those of SetResourceLimits, BecomeUser and DieWithParentAgain; that
// the user may not enter the directory.
absl::Status BecomeProcess(const ProcessSpec& process, const Account& account,
                           const UniqueFd& root, const UniqueFd& run);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_BECOME_PROCESS_H_
