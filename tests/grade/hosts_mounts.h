// The host's mounts, as far as a container still has them.

#ifndef MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_
#define MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_

#include "tests/grade/grade.h"

namespace blackbox {

// Complains if there is a mount of the host's in the shell's mount namespace,
// wherever it is there. A single file or folder of such a mount, as a bind
// mount shows it, is none.
void ExpectNoMountOfTheHosts(const Shell& shell);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_GRADE_HOSTS_MOUNTS_H_
