#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/kernel_file.h"
#include "common/cgroup/hierarchy.h"
#include "common/namespaces/mountinfo.h"
#include "doctor/checks.h"
#include "doctor/controller_trial.h"
#include "doctor/trial.h"

namespace mydocker {
namespace {

// In the order of /proc/cgroups; others that the kernel lists follow them.
// blkio of v1 is io in v2.
constexpr absl::string_view kWellKnown[] = {
    "cpuset",  "cpu",     "cpuacct",    "blkio",    "memory",  "devices",
    "freezer", "net_cls", "perf_event", "net_prio", "hugetlb", "pids"};

// What cgroup v2 has instead of a controller of v1: a file in every cgroup, or
// something different (cgroups(7), "Cgroups v2 controllers").
struct Successor {
  absl::string_view controller;
  absl::string_view file;
  absl::string_view explanation;
};
constexpr Successor kSuccessors[] = {
    {"cpuacct", "cpu.stat", ""},
    {"freezer", "cgroup.freeze", ""},
    {"devices", "", "a BPF program in its place"},
    {"net_cls", "", "firewalls that match a cgroup's path in its place"},
    {"net_prio", "", "firewalls that match a cgroup's path in its place"},
    {"perf_event", "", "no such controller: perf takes any cgroup (-G)"},
};

// The controllers in /proc/cgroups, and whether each is enabled.
std::map<std::string, bool> KernelsControllers() {
  std::map<std::string, bool> controllers;
  const std::string text = ReadKernelFile("/proc/cgroups").value_or("");
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    if (fields.size() == 4 && fields[0][0] != '#') {
      controllers[fields[0]] = fields[3] == "1";
    }
  }
  return controllers;
}

// The host, as far as cgroups go.
struct Host {
  std::vector<Mount> mounts;
  std::map<std::string, bool> controllers;  // See KernelsControllers.
  bool has_v1 = false;
  const Mount* v2 = nullptr;  // Where v2 is mounted; null: nowhere.
};

Host InspectHost() {
  Host host;
  host.mounts = ReadCgroupMounts().value_or(std::vector<Mount>());
  host.controllers = KernelsControllers();
  for (const Mount& mount : host.mounts) {
    host.has_v1 = host.has_v1 || mount.type == "cgroup";
    if (mount.type == "cgroup2") {
      host.v2 = &mount;
    }
  }
  return host;
}

Row CheckMode(const Host& host) {
  const std::string at =
      host.v2 != nullptr ? absl::StrCat(" at ", host.v2->mount_point) : "";
  if (host.has_v1 && host.v2 != nullptr) {
    return {"mode", Verdict::kOk, absl::StrCat("hybrid: v1, and v2", at)};
  }
  if (host.v2 != nullptr) {
    return {"mode", Verdict::kOk, absl::StrCat("v2", at)};
  }
  if (host.has_v1) {
    return {"mode", Verdict::kOk, "v1"};
  }
  return {"mode", Verdict::kNo, "none: no cgroup file system is mounted",
          "sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup"};
}

std::vector<std::string> ControllersToCheck(const Host& host) {
  std::vector<std::string> names(std::begin(kWellKnown), std::end(kWellKnown));
  const auto add = [&names](absl::string_view name) {
    if (!name.empty() && !absl::c_linear_search(names, name)) {
      names.emplace_back(name);
    }
  };
  for (const auto& [name, enabled] : host.controllers) {
    add(name);
  }
  if (host.v2 != nullptr) {
    const std::string controllers =
        ReadKernelFile(
            absl::StrCat(host.v2->mount_point, "/cgroup.controllers"))
            .value_or("");
    for (const absl::string_view name : absl::StrSplit(controllers, ' ')) {
      if (name == "io") {
        std::replace(names.begin(), names.end(), std::string("blkio"),
                     std::string("io"));
      } else {
        add(name);
      }
    }
  }
  return names;
}

std::string Describe(const Hierarchy& hierarchy) {
  return absl::StrCat(hierarchy.version == CgroupVersion::kV1 ? "v1" : "v2",
                      " at ", hierarchy.mount_point);
}

// The row for a controller that no hierarchy has.
Row ExplainMissing(const Host& host, const std::string& name) {
  const auto known = host.controllers.find(name);
  if (known != host.controllers.end() && !known->second) {
    return {name, Verdict::kNo, "switched off when the kernel was booted",
            absl::StrCat("cgroup_enable=", name,
                         " on the kernel command line, no cgroup_disable=")};
  }
  const auto* const successor = absl::c_find_if(
      kSuccessors,
      [&name](const Successor& s) { return s.controller == name; });
  if (!host.has_v1 && host.v2 != nullptr &&
      successor != std::end(kSuccessors)) {
    if (successor->file.empty()) {
      return {name, Verdict::kLimited,
              absl::StrCat("v2 has ", successor->explanation),
              "no chapter needs it; v1 has it: docs/lab.md"};
    }
    const Hierarchy v2 = {CgroupVersion::kV2, host.v2->mount_point};
    return RowOfTrial(
        name, TryFile(v2, successor->file),
        absl::StrCat("v2 has ", successor->file, " in every cgroup instead"),
        "");
  }
  if (known != host.controllers.end()) {
    return {name, Verdict::kNo, "the kernel has it, but it is mounted nowhere",
            absl::StrCat("sudo mkdir /sys/fs/cgroup/", name,
                         " && sudo mount -t cgroup -o ", name, " ", name,
                         " /sys/fs/cgroup/", name)};
  }
  return {name, Verdict::kNo, "this kernel is built without it",
          "another kernel: docs/lab.md"};
}

Row CheckController(const Host& host, const std::string& name) {
  const absl::StatusOr<Hierarchy> hierarchy = FindHierarchy(host.mounts, name);
  if (!hierarchy.ok()) {
    return ExplainMissing(host, name);
  }
  Row row = RowOfTrial(name, TryController(*hierarchy, name), "",
                       "this may be a container: go to its host");
  row.detail = absl::StrCat(Describe(*hierarchy),
                            row.detail.empty() ? "" : ": ", row.detail);
  return row;
}

}  // namespace

Section CheckCgroups() {
  Section section = {"cgroups",
                     "Cgroups: where each controller lives; a process was put "
                     "into one there",
                     {}};
  const Host host = InspectHost();
  section.rows.push_back(CheckMode(host));
  for (const std::string& name : ControllersToCheck(host)) {
    section.rows.push_back(CheckController(host, name));
  }
  return section;
}

}  // namespace mydocker
