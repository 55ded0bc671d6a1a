// `mydocker init`: the side of a container that runs inside.

#ifndef MYDOCKER_CHAPTERS_12_VOLUMES_INIT_H_
#define MYDOCKER_CHAPTERS_12_VOLUMES_INIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mydocker {

// Prepares the container whose first process this is, and becomes the command
// that `run` sends. It takes no `words`. Returns only on error.
// Source: RunContainerInitProcess in articles 000 and 001; ns in article 002.
absl::StatusOr<int> InitContainer(const std::vector<std::string>& words);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_12_VOLUMES_INIT_H_
