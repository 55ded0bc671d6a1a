#include "tests/support/cgroups.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <memory>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/support/proc.h"

namespace blackbox {
namespace {

constexpr char kNoSuchController[] = "no such controller";

// The file's text without white space at its end.
std::string ReadValue(const std::string& path) {
  std::string text = ReadFile(path);
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

// The number after `key` in a file of lines "key number".
uint64_t ReadKeyed(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string name;
  uint64_t number = 0;
  while (file >> name >> number) {
    if (name == key) {
      return number;
    }
  }
  ADD_FAILURE() << path << " has no line " << key;
  return 0;
}

bool HasWord(const std::string& text, char separator, const std::string& word) {
  const std::vector<std::string> words = absl::StrSplit(text, separator);
  return std::find(words.begin(), words.end(), word) != words.end();
}

// proc(5): \040 and the like stand for space, tab, newline and backslash.
std::string Unescape(const std::string& text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      plain += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

struct CgroupMount {
  std::string root;
  std::string mount_point;
  std::string type;
  std::string super_options;
};

std::vector<CgroupMount> CgroupMounts() {
  std::vector<CgroupMount> mounts;
  std::ifstream file("/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    // "36 35 98:0 /root /mnt options [optional fields] - type source options"
    const std::vector<std::string> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<std::string> left = absl::StrSplit(halves.at(0), ' ');
    const std::vector<std::string> right = absl::StrSplit(halves.at(1), ' ');
    if (right.at(0) == "cgroup" || right.at(0) == "cgroup2") {
      mounts.push_back({Unescape(left.at(3)), Unescape(left.at(4)), right.at(0),
                        right.at(2)});
    }
  }
  return mounts;
}

bool IsContainerId(const std::string& name) {
  return name.size() == 12 &&
         name.find_first_not_of("0123456789abcdef") == std::string::npos;
}

// What follows "mydocker/" at the end of a cgroup's directory, if it is an id.
std::string IdOf(const std::string& directory) {
  const std::vector<std::string> names = absl::StrSplit(directory, '/');
  const size_t size = names.size();
  return size >= 2 && names[size - 2] == "mydocker" &&
                 IsContainerId(names[size - 1])
             ? names[size - 1]
             : "";
}

}  // namespace

std::optional<ControllerLocation> FindController(const std::string& name) {
  for (const CgroupMount& mount : CgroupMounts()) {
    const bool v1 = mount.type == "cgroup";
    const bool carries =
        v1 ? HasWord(mount.super_options, ',', name)
           : HasWord(ReadValue(mount.mount_point + "/cgroup.controllers"), ' ',
                     name);
    if (carries) {
      return ControllerLocation{name, v1, mount.mount_point, mount.root};
    }
  }
  return std::nullopt;
}

std::string WhyNoV1(const std::string& controller) {
  const std::optional<ControllerLocation> location = FindController(controller);
  return location.has_value() && location->v1 && location->mount_root == "/"
             ? ""
             : absl::StrCat("this host has no ", controller,
                            " controller on cgroup v1");
}

std::string CgroupDirectoryOf(pid_t pid, const ControllerLocation& location) {
  for (const std::string& line :
       ReadLines(absl::StrCat("/proc/", pid, "/cgroup"))) {
    // "4:memory:/path" for a v1 hierarchy, "0::/path" for v2.
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (fields.size() != 3 ||
        (location.v1 ? !HasWord(fields[1], ',', location.name)
                     : fields[0] != "0")) {
      continue;
    }
    absl::string_view path = fields[2];
    if (location.mount_root != "/") {
      absl::ConsumePrefix(&path, location.mount_root);
    }
    return absl::StrCat(location.mount_point, path == "/" ? "" : path);
  }
  return "";
}

std::vector<std::string> AllContainerCgroups() {
  std::vector<std::string> found;
  for (const CgroupMount& mount : CgroupMounts()) {
    const std::string parent = mount.mount_point + "/mydocker";
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(parent.c_str()),
                                                        closedir);
    if (directory == nullptr) {
      continue;
    }
    while (const dirent* entry = readdir(directory.get())) {
      if (IsContainerId(entry->d_name)) {
        found.push_back(absl::StrCat(parent, "/", entry->d_name));
      }
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

ContainerCgroups::ContainerCgroups(
    pid_t pid, const std::vector<std::string>& controllers) {
  for (const std::string& name : controllers) {
    const std::optional<ControllerLocation> location = FindController(name);
    if (!location.has_value()) {
      continue;
    }
    const std::string directory = CgroupDirectoryOf(pid, *location);
    const std::string id = IdOf(directory);
    EXPECT_NE(id, "") << "process " << pid << " should be in a cgroup "
                      << "mydocker/<12 hexadecimal digits> of controller "
                      << name << ", but is in " << directory;
    EXPECT_TRUE(id_.empty() || id == id_)
        << "one container, one id: " << id_ << " and " << id;
    id_ = id;
    locations_[name] = *location;
    directories_[name] = directory;
  }
}

std::string ContainerCgroups::Directory(const std::string& controller) const {
  const auto found = directories_.find(controller);
  return found == directories_.end() ? "" : found->second;
}

std::vector<std::string> ContainerCgroups::Directories() const {
  std::vector<std::string> all;
  for (const auto& [name, directory] : directories_) {
    if (!absl::c_linear_search(all, directory)) {
      all.push_back(directory);
    }
  }
  return all;
}

std::string ContainerCgroups::FileOf(const std::string& controller,
                                     const std::string& v1_file,
                                     const std::string& v2_file) const {
  return absl::StrCat(Directory(controller), "/",
                      locations_.at(controller).v1 ? v1_file : v2_file);
}

std::string ContainerCgroups::Read(const std::string& controller,
                                   const std::string& v1_file,
                                   const std::string& v2_file,
                                   const std::string& no_limit) const {
  if (!locations_.contains(controller)) {
    return kNoSuchController;
  }
  const std::string file = FileOf(controller, v1_file, v2_file);
  return locations_.at(controller).v1 || access(file.c_str(), F_OK) == 0
             ? ReadValue(file)
             : no_limit;
}

std::string ContainerCgroups::MemoryLimit() const {
  return Read("memory", "memory.limit_in_bytes", "memory.max", NoMemoryLimit());
}

std::string ContainerCgroups::CpuShares() const {
  return Read("cpu", "cpu.shares", "cpu.weight", DefaultCpuShares());
}

std::string ContainerCgroups::Cpus() const {
  return Read("cpuset", "cpuset.cpus", "cpuset.cpus", DefaultCpus());
}

uint64_t ContainerCgroups::OomKills() const {
  return ReadKeyed(FileOf("memory", "memory.oom_control", "memory.events"),
                   "oom_kill");
}

std::string ContainerCgroups::PidsLimit() const {
  return Read("pids", "pids.max", "pids.max", "max");
}

uint64_t ContainerCgroups::RefusedProcesses() const {
  return ReadKeyed(FileOf("pids", "pids.events", "pids.events"), "max");
}

std::vector<pid_t> ContainerCgroups::Processes(
    const std::string& controller) const {
  std::ifstream file(Directory(controller) + "/cgroup.procs");
  return {std::istream_iterator<pid_t>(file), {}};
}

std::string ContainerCgroups::NoMemoryLimit() {
  const std::optional<ControllerLocation> location = FindController("memory");
  if (!location.has_value()) {
    return kNoSuchController;
  }
  // The root cgroup of v1 has the file too, and no limit of its own.
  return location->v1
             ? ReadValue(location->mount_point + "/memory.limit_in_bytes")
             : "max";
}

std::string ContainerCgroups::DefaultCpuShares() {
  const std::optional<ControllerLocation> location = FindController("cpu");
  return !location.has_value() ? kNoSuchController
         : location->v1        ? "1024"
                               : "100";
}

std::string ContainerCgroups::DefaultCpus() {
  const std::optional<ControllerLocation> location = FindController("cpuset");
  if (!location.has_value()) {
    return kNoSuchController;
  }
  // On v1 a cgroup with an empty cpuset takes no process, so it has to copy its
  // parent's; on v2 empty means the parent's.
  return location->v1 ? ReadValue(location->mount_point + "/cpuset.cpus") : "";
}

std::string ContainerCgroups::ExpectedCpuShares(uint64_t shares) {
  const std::optional<ControllerLocation> location = FindController("cpu");
  if (!location.has_value()) {
    return kNoSuchController;
  }
  return absl::StrCat(location->v1 ? shares : CpuWeightOf(shares));
}

std::string ContainerCgroups::ExpectedMemoryLimit(uint64_t bytes) {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return FindController("memory").has_value()
             ? absl::StrCat(bytes / page * page)
             : kNoSuchController;
}

uint64_t CpuWeightOf(uint64_t shares) {
  // The quadratic that crun and runc agreed on, in log2(shares); it maps 2 to
  // 1, 1024 to 100 and 262144 to 10000.
  const long double l = std::log2(static_cast<long double>(shares));
  const long double weight =
      std::pow(10.0L, (l * l + 125 * l) / 612 - 7.0L / 34);
  // Rounded up, except for a whole number with a rounding error in its last
  // bits.
  return static_cast<uint64_t>(std::ceil(weight - 1e-9L));
}

}  // namespace blackbox
