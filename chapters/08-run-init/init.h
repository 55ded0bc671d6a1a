// `mydocker init`: the side of a container that is inside.

#ifndef MYDOCKER_CHAPTERS_08_RUN_INIT_INIT_H_
#define MYDOCKER_CHAPTERS_08_RUN_INIT_INIT_H_

#include "absl/status/status.h"

namespace mydocker {

// Prepares the container that this process is the first process of, and becomes
// the command that `run` sends. Returns only to say why it could not.
// Source: RunContainerInitProcess in articles 000 and 001.
absl::Status InitContainer();

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_08_RUN_INIT_INIT_H_
