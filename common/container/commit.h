// From chapter 10.
//
// `mydocker commit`: what a container has changed becomes a layer.

#ifndef MYDOCKER_COMMON_CONTAINER_COMMIT_H_
#define MYDOCKER_COMMON_CONTAINER_COMMIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mydocker {

// Packs the directory that `words` names, one that `run -keep-upper` has
// filled, into an archive beside it, DIR.tar, and writes a line to standard
// output: the layer's id, the bytes in its files, the archive. Returns 0.
// Source: article 004, image layers: `docker build` and `docker history`.
absl::StatusOr<int> CommitUpper(const std::vector<std::string>& words);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_COMMIT_H_
