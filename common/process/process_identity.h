// From chapter 7.
//
// Identifies a process even after its pid has been reused.

#ifndef MYDOCKER_COMMON_PROCESS_PROCESS_IDENTITY_H_
#define MYDOCKER_COMMON_PROCESS_PROCESS_IDENTITY_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The kernel reuses a pid once its process is gone; no two processes have both
// the same pid and the same start time.
struct ProcessIdentity {
  // Returns the identity of the process `pid`, which must exist. Errors: /proc
  // is missing, or cannot be read.
  static absl::StatusOr<ProcessIdentity> Of(pid_t pid);
  // The reverse of ToText; nothing for any other text.
  static std::optional<ProcessIdentity> FromText(absl::string_view text);

  // "41399 1234560 pid:[4026531836] time:[4026531834]".
  std::string ToText() const;

  // Returns whether the process has certainly ended; a zombie, which nobody has
  // waited for yet, has. False also if that is unknown: the process or /proc
  // belongs to another PID namespace.
  bool IsGone() const;

  // Kills the process with SIGKILL and waits until it is gone, up to `limit_ms`
  // milliseconds. Leaves alone another process that has the pid now.
  void Kill(int limit_ms) const;

  pid_t pid = 0;
  // In clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). 0:
  // unknown, since /proc belongs to another PID namespace.
  uint64_t start_time = 0;
  // The namespaces in which these two numbers are valid.
  std::string namespaces;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_PROCESS_IDENTITY_H_
