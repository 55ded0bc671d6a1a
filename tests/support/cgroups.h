// Where the kernel keeps a container's cgroups, read from the kernel alone:
// /proc/self/mountinfo, cgroup.controllers and /proc/PID/cgroup. Nothing here
// trusts the output of the program under test.

#ifndef MYDOCKER_TESTS_SUPPORT_CGROUPS_H_
#define MYDOCKER_TESTS_SUPPORT_CGROUPS_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace blackbox {

// The hierarchy of one of this host's controllers.
struct ControllerLocation {
  std::string name;         // "memory"
  bool v1 = false;          // has its own hierarchy; else that of v2
  std::string mount_point;  // "/sys/fs/cgroup/memory"
  std::string mount_root;   // which cgroup of the hierarchy is mounted there
};

// Returns nothing if this host has no such controller.
std::optional<ControllerLocation> FindController(const std::string& name);

// Returns why no v1 hierarchy with this controller is mounted at its root, as
// in requirements.h.
std::string WhyNoV1(const std::string& controller);

// Returns the directory of the cgroup of process `pid`, according to
// /proc/PID/cgroup. Empty if the process is gone.
std::string CgroupDirectoryOf(pid_t pid, const ControllerLocation& location);

// The directories mydocker/<12 hexadecimal digits> in every cgroup hierarchy.
std::vector<std::string> AllContainerCgroups();

// The cgroups of one container, found through a process in them.
class ContainerCgroups {
 public:
  // Fails the test if `pid` is in no mydocker/<id> for one of the controllers
  // that the host has.
  explicit ContainerCgroups(pid_t pid,
                            const std::vector<std::string>& controllers = {
                                "memory", "cpu", "cpuset"});

  // The 12 hexadecimal digits.
  const std::string& id() const { return id_; }
  // Without duplicates: v2 has one for all controllers.
  std::vector<std::string> Directories() const;
  std::string Directory(const std::string& controller) const;

  // The content of the kernel's files, whatever their name in this version,
  // without the final newline; "no such controller" if the host lacks it; the
  // content without a limit if v2 does not enable the controller for this
  // cgroup.
  std::string MemoryLimit() const;  // bytes; v2: or "max"
  std::string CpuShares() const;    // v1: shares; v2: weight
  std::string Cpus() const;
  uint64_t OomKills() const;
  std::string PidsLimit() const;  // or "max"
  // How many new processes that limit has refused.
  uint64_t RefusedProcesses() const;
  // Pids as the test sees them.
  std::vector<pid_t> Processes(const std::string& controller) const;

  // The content of the three files without a requested limit.
  static std::string NoMemoryLimit();
  static std::string DefaultCpuShares();
  static std::string DefaultCpus();
  // What the kernel stores for `shares`: itself, or the weight of v2.
  static std::string ExpectedCpuShares(uint64_t shares);
  // What the kernel stores for `bytes`: whole pages.
  static std::string ExpectedMemoryLimit(uint64_t bytes);

 private:
  std::string Read(const std::string& controller, const std::string& v1_file,
                   const std::string& v2_file,
                   const std::string& no_limit) const;
  std::string FileOf(const std::string& controller, const std::string& v1_file,
                     const std::string& v2_file) const;

  std::string id_;
  std::map<std::string, ControllerLocation> locations_;
  std::map<std::string, std::string> directories_;
};

// cpu.weight for `shares`, by the formula of the OCI runtimes.
uint64_t CpuWeightOf(uint64_t shares);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_CGROUPS_H_
