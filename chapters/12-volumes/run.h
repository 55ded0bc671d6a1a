// `mydocker run`: the side of a container that stays on the host.

#ifndef MYDOCKER_CHAPTERS_12_VOLUMES_RUN_H_
#define MYDOCKER_CHAPTERS_12_VOLUMES_RUN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mydocker {

// Runs a container. `words` is what follows `run` on the command line: flags,
// then the container's command. Returns the container's exit status, or the
// error that prevented it.
// Source: RunCommand and run in article 001; Run in article 000; run in article
// 002.
absl::StatusOr<int> RunContainer(const std::vector<std::string>& words);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_12_VOLUMES_RUN_H_
