// `mydocker init`: the side of a container that is inside.

#ifndef MYDOCKER_CHAPTERS_08_RUN_INIT_INIT_H_
#define MYDOCKER_CHAPTERS_08_RUN_INIT_INIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mydocker {

// Prepares the container that this process is the first process of, and becomes
// the command that `run` sends. It takes no `words`. Returns only to say why it
// could not.
// Source: RunContainerInitProcess in articles 000 and 001.
absl::StatusOr<int> InitContainer(const std::vector<std::string>& words);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_08_RUN_INIT_INIT_H_
