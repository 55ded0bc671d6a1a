// `mydocker init`: the side of a container that is inside.

#ifndef MYDOCKER_CHAPTERS_09_ROOTFS_INIT_H_
#define MYDOCKER_CHAPTERS_09_ROOTFS_INIT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace mydocker {

// Prepares the container that this process is the first process of, and becomes
// the command that `run` sends. `words` is what follows `init` on the command
// line: the flags by which `run` says what the container is to be like. Returns
// only to say why it could not.
// Source: RunContainerInitProcess in articles 000 and 001; ns in article 002.
absl::Status InitContainer(const std::vector<std::string>& words);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_09_ROOTFS_INIT_H_
