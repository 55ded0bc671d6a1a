// The host's mounts that a container still has.

#ifndef MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_
#define MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_

#include "tests/grade/grade.h"

namespace blackbox {

// Complains if one of the host's mounts is anywhere in the shell's mount
// namespace. A bind mount of a single file or directory does not count.
void ExpectNoMountOfTheHosts(const Shell& shell);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_
