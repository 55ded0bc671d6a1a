// What /proc/self/mountinfo says of a mount's propagation, in words.

#ifndef MYDOCKER_CHAPTERS_00_PROC_PROPAGATION_H_
#define MYDOCKER_CHAPTERS_00_PROC_PROPAGATION_H_

#include <string>
#include <vector>

#include "common/namespaces/mountinfo.h"

namespace mydocker {

// Returns "shared", "slave", "shared and slave", "unbindable" or "private"
// (mount_namespaces(7), "Shared subtrees").
std::string DescribePropagation(const Mount& mount);

// Returns the mount that is seen at `mount_point`: of several, the last one,
// which hides the others. Null if nothing is mounted there.
const Mount* FindMount(const std::vector<Mount>& mounts,
                       const std::string& mount_point);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_00_PROC_PROPAGATION_H_
