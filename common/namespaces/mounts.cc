#include "common/namespaces/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {
namespace {

struct Named {
  Propagation propagation;
  absl::string_view name;
  uint64_t flag;
};

constexpr Named kPropagations[] = {
    {Propagation::kPrivate, "private", MS_PRIVATE},
    {Propagation::kSlave, "slave", MS_SLAVE},
    {Propagation::kShared, "shared", MS_SHARED},
    {Propagation::kUnchanged, "unchanged", 0},
};

const Named& Find(Propagation propagation) {
  for (const Named& named : kPropagations) {
    if (named.propagation == propagation) {
      return named;
    }
  }
  return kPropagations[0];
}

// Gives every mount of this namespace the propagation `flag`. Only the root of
// a mount has a propagation, and in a chroot "/" is an ordinary directory.
// Joining our own mount namespace again leads to its root (setns(2)).
absl::Status SetPropagationFromOutsideTheChroot(uint64_t flag) {
  const UniqueFd root(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd here(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd mounts(open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
  if (!root.valid() || !here.valid() || !mounts.valid()) {
    return ErrnoError(errno, "open /, . and /proc/self/ns/mnt");
  }
  if (setns(mounts.get(), CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | flag, nullptr) != 0 ||
      fchdir(root.get()) != 0 || chroot(".") != 0 || fchdir(here.get()) != 0) {
    return ErrnoError(errno, "change the mounts around this chroot");
  }
  return absl::OkStatus();
}

}  // namespace

bool AbslParseFlag(absl::string_view text, Propagation* propagation,
                   std::string* error) {
  for (const Named& named : kPropagations) {
    if (named.name == text) {
      *propagation = named.propagation;
      return true;
    }
  }
  *error = "expected private, slave, shared or unchanged";
  return false;
}

std::string AbslUnparseFlag(Propagation propagation) {
  return std::string(Find(propagation).name);
}

// #region set-propagation
absl::Status SetPropagation(Propagation propagation) {
  const Named& named = Find(propagation);
  if (propagation == Propagation::kUnchanged) {
    return absl::OkStatus();
  }
  // With these flags mount(2) uses only the target: it makes no new mount but
  // changes existing ones.
  if (mount(nullptr, "/", nullptr, MS_REC | named.flag, nullptr) == 0) {
    return absl::OkStatus();
  }
  if (errno == EINVAL) {
    return SetPropagationFromOutsideTheChroot(named.flag);
  }
  return ErrnoError(errno,
                    absl::StrCat("make the mounts below / ", named.name));
}
// #endregion set-propagation

// #region mount-proc
absl::Status MountProc() {
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
            nullptr) != 0) {
    return ErrnoError(errno, "mount proc on /proc");
  }
  return absl::OkStatus();
}
// #endregion mount-proc

}  // namespace mydocker
