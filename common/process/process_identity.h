// From chapter 7.
//
// A process, told from another that has its number later.

#ifndef MYDOCKER_COMMON_PROCESS_PROCESS_IDENTITY_H_
#define MYDOCKER_COMMON_PROCESS_PROCESS_IDENTITY_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// The kernel gives a number again when its process is gone; no two have both
// the number and the time of their start.
struct ProcessIdentity {
  // Of the process `pid`, which must be there. Errors: /proc is not there, or
  // cannot be read.
  static absl::StatusOr<ProcessIdentity> Of(pid_t pid);
  // What ToText has returned; nothing for any other text.
  static std::optional<ProcessIdentity> FromText(absl::string_view text);

  // "41399 1234560 pid:[4026531836] time:[4026531834]".
  std::string ToText() const;

  // Whether the kernel says that the process has ended; one that nobody has
  // waited for yet (a zombie) has. False also where it cannot be asked: the
  // process is of another PID namespace, or /proc is.
  bool IsGone() const;

  // Ends the process by SIGKILL, and waits until it is gone, up to `limit_ms`
  // milliseconds. Another one that has its number now is left alone.
  void Kill(int limit_ms) const;

  pid_t pid = 0;
  // In clock ticks since the machine was started: field 22 of /proc/PID/stat
  // (proc(5)). 0: not known, since /proc is of another PID namespace.
  uint64_t start_time = 0;
  // The namespaces in which these two numbers mean what they mean here.
  std::string namespaces;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_PROCESS_IDENTITY_H_
