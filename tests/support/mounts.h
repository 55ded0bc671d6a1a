// Mounts, as the kernel lists them, and private hosts to try them in.

#ifndef MYDOCKER_TESTS_SUPPORT_MOUNTS_H_
#define MYDOCKER_TESTS_SUPPORT_MOUNTS_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

namespace blackbox {

// Returns the mount points in the mount namespace of `pid`, one entry for each
// mount: a point with two mounts on it is listed twice.
std::vector<std::string> MountPointsOf(pid_t pid);

// How many mounts there are on `point` in the mount namespace of `pid`.
int CountMounts(pid_t pid, const std::string& point);

// For Invocation::before_exec: moves the program to a host of its own, a mount
// namespace in which "/" and all mounts below it have this propagation:
// MS_SHARED, as on a host with systemd, or MS_PRIVATE, as on one without.
std::function<bool()> HostWithMounts(unsigned long propagation);

// Mounts an empty tmpfs on `directory`, an existing one, in the mount namespace
// of `pid`.
bool MountInside(pid_t pid, const std::string& directory);

// The same for a host without this controller: unmounts its hierarchy wherever
// it is mounted. On v2 that is the hierarchy of all controllers.
std::function<bool()> HostWithoutController(const std::string& name);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_MOUNTS_H_
