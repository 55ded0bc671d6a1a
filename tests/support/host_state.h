// What a container may leave behind on its host.

#ifndef MYDOCKER_TESTS_SUPPORT_HOST_STATE_H_
#define MYDOCKER_TESTS_SUPPORT_HOST_STATE_H_

#include <map>
#include <set>
#include <string>

namespace blackbox {

// The parts of the host's state that a container must leave as they were. A
// namespace needs no entry of its own: it lives in a process, or in a mount.
struct HostState {
  // Returns the state now, as the calling process sees it.
  static HostState Now();

  // The lines of /proc/self/mountinfo, with mount points, types and flags.
  std::set<std::string> mounts;
  // The directories of every cgroup hierarchy.
  std::set<std::string> cgroups;
  // Anything else, by a name for it: host name, System V queues, …
  std::map<std::string, std::string> others;
};

// Returns the directories of all cgroups, in every mounted hierarchy.
std::set<std::string> CgroupDirectories();

// Fails the test for each difference from `before`, and for each living
// descendant of this process; then removes what it can. Waits for what the
// kernel does asynchronously: dying processes, freed cgroups.
void ExpectUnchanged(const HostState& before);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_HOST_STATE_H_
