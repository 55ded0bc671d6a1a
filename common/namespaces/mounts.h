// From chapter 4.
//
// Mounts in our own mount namespace, and how to keep them there.

#ifndef MYDOCKER_COMMON_NAMESPACES_MOUNTS_H_
#define MYDOCKER_COMMON_NAMESPACES_MOUNTS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// #region propagation
// Whether mounts propagate between a mount and its copies in other namespaces
// (mount_namespaces(7), "Shared subtrees").
enum class Propagation {
  kPrivate,    // Neither way.
  kSlave,      // From the host into the container only.
  kShared,     // Both ways.
  kUnchanged,  // As it was copied: on most hosts, shared.
};
// #endregion propagation

// How an Abseil flag of this type is read and written: private, slave, shared
// or unchanged.
bool AbslParseFlag(absl::string_view text, Propagation* propagation,
                   std::string* error);
std::string AbslUnparseFlag(Propagation propagation);

// Gives "/" and every mount below it this propagation, in the caller's mount
// namespace; in a chroot, also to the mounts outside it. kUnchanged does
// nothing.
// Errors: those of mount(2), and in a chroot of setns(2).
// Source: articles 000 and 001 (RunContainerInitProcess).
absl::Status SetPropagation(Propagation propagation);

// Mounts a new proc file system on /proc. It shows the processes of the
// caller's PID namespace (proc(5)). Errors: those of mount(2).
// Used from chapter 8; in chapter 4 the reader does it by hand.
absl::Status MountProc();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_NAMESPACES_MOUNTS_H_
