#include "common/mounts.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mount.h>

#include "absl/strings/str_cat.h"
#include "common/errors.h"

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
  // With these flags mount(2) looks at the target only: it is no new mount but
  // a change to those that are there.
  if (mount(nullptr, "/", nullptr, MS_REC | named.flag, nullptr) != 0) {
    return ErrnoError(errno,
                      absl::StrCat("make the mounts below / ", named.name));
  }
  return absl::OkStatus();
}
// #endregion set-propagation

absl::Status MountProc() {
  if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
            nullptr) != 0) {
    return ErrnoError(errno, "mount proc on /proc");
  }
  return absl::OkStatus();
}

}  // namespace mydocker
