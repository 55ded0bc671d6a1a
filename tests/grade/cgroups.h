// A command's cgroups, found through a process in them: for the checks of
// limits it does not matter where a program makes them or what it calls them.

#ifndef MYDOCKER_TESTS_GRADE_CGROUPS_H_
#define MYDOCKER_TESTS_GRADE_CGROUPS_H_

#include <sys/types.h>

#include <set>
#include <string>

#include "tests/grade/grade.h"
#include "tests/support/cgroups.h"

namespace blackbox {

// A file of a controller, under its name in either version of cgroups.
struct KernelFile {
  std::string controller;
  std::string v1;
  std::string v2;
};

inline const KernelFile kMemoryLimit = {"memory", "memory.limit_in_bytes",
                                        "memory.max"};
inline const KernelFile kCpuShares = {"cpu", "cpu.shares", "cpu.weight"};
inline const KernelFile kCpus = {"cpuset", "cpuset.cpus", "cpuset.cpus"};
inline const KernelFile kCpusInEffect = {"cpuset", "cpuset.effective_cpus",
                                         "cpuset.cpus.effective"};
inline const KernelFile kPidsLimit = {"pids", "pids.max", "pids.max"};

// Returns why nothing can be checked: the host has no such controller. Empty if
// it has one.
std::string WhyNoController(const std::string& name);

// The path of that file for the cgroup that the process is in.
std::string PathOf(const KernelFile& file, pid_t pid);

// The directories of the cgroups that the process is in and the check is not.
std::set<std::string> OwnCgroups(pid_t pid);

// Complains unless the file reads `wanted` for the shell's cgroup, which must
// differ from the check's own.
void ExpectLimit(const Shell& shell, const KernelFile& file,
                 const std::string& wanted);

// The same for a limit that was not requested: the file reads `none`, or is
// missing on v2, where the controller is not handed down.
void ExpectNoLimit(const Shell& shell, const KernelFile& file,
                   const std::string& none);

// The path of a script whose first step prints this file of the script's
// cgroup: a late limit is set after that.
std::string ScriptThatPrints(const KernelFile& file);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_GRADE_CGROUPS_H_
