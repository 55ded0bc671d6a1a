// From chapter 9.
//
// What a process inherits from its parent, besides its environment and its open
// files.

#ifndef MYDOCKER_COMMON_PROCESS_INHERITED_H_
#define MYDOCKER_COMMON_PROCESS_INHERITED_H_

#include "absl/status/status.h"

namespace mydocker {

// Drops what the calling process has inherited from the caller of `run` and
// what a program in a container could misuse or trip over:
//
//  - the session keyring (session-keyring(7)), and with it the right to read
//    the caller's keys: a new, empty one replaces it. On a kernel without
//    keyrings there is nothing to do;
//  - the supplementary groups (credentials(7)): all are dropped;
//  - the umask: it becomes 022. The steps that follow do not depend on it.
//
// Limits (getrlimit(2)), oom_score_adj and the priority stay as they are, as
// they do in runc.
// Errors: those of keyctl(2), KEYCTL_JOIN_SESSION_KEYRING, and setgroups(2).
absl::Status DropInherited();

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_PROCESS_INHERITED_H_
