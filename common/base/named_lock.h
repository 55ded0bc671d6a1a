// From chapter 7.
//
// Locks that only root can take, and that leave no files behind.

#ifndef MYDOCKER_COMMON_BASE_NAMED_LOCK_H_
#define MYDOCKER_COMMON_BASE_NAMED_LOCK_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"

namespace mydocker {

// Where mydocker keeps state that must not outlive a reboot. Its mode is 0700:
// whoever may open a directory may lock it (flock(2)), so any user could hold a
// lock on a directory open to everybody, such as a cgroup, for ever.
inline constexpr char kRunDirectory[] = "/run/mydocker";

// The lock NAME: the file /run/mydocker/NAME.lock, locked with flock(2) for as
// long as this object lives. The kernel drops it when the process dies.
class NamedLock {
 public:
  // One process holds the lock, or several share it.
  enum class Mode { kExclusive, kShared };

  // Takes the lock `name`, a file name without a slash. Waits while another
  // process holds it, for 10 seconds at most.
  // Errors: EWOULDBLOCK after that time; EACCES if the caller is not root;
  // those of mkdir(2), open(2) and flock(2).
  static absl::StatusOr<NamedLock> Acquire(absl::string_view name);

  // As Acquire, but does not wait: EWOULDBLOCK if another process holds it in a
  // mode that conflicts with `mode`.
  static absl::StatusOr<NamedLock> TryAcquire(absl::string_view name,
                                              Mode mode = Mode::kExclusive);

  // Removes the files of locks that nobody holds and whose names begin with
  // `prefix`: a killed process leaves its lock file behind. No such lock may be
  // taken or released meanwhile.
  static void RemoveAbandoned(absl::string_view prefix);

  NamedLock(NamedLock&& other) noexcept = default;
  NamedLock& operator=(NamedLock&&) = delete;
  // Removes the file if nobody else holds the lock, and then the directory if
  // it is empty.
  ~NamedLock();

 private:
  NamedLock(std::string path, UniqueFd file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;
  UniqueFd file_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_NAMED_LOCK_H_
