// The host's mounts, as far as a container still has them.

#ifndef MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_
#define MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_

#include "tests/grade/grade.h"

namespace blackbox {

// Complains if a mount of the host's is anywhere in the shell's mount
// namespace. A bind mount of a single file or directory does not count.
void ExpectNoMountOfTheHosts(const Shell& shell);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_
