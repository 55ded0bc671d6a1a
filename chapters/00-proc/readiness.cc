#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "chapters/00-proc/checks.h"
#include "chapters/00-proc/controller_trial.h"
#include "chapters/00-proc/rootfs_trial.h"
#include "chapters/00-proc/trial.h"
#include "common/base/errors.h"
#include "common/cgroup/hierarchy.h"
#include "common/cgroup/pids.h"
#include "common/namespaces/mountinfo.h"
#include "common/namespaces/mounts.h"
#include "common/namespaces/user_map.h"
#include "common/process/child.h"

namespace mydocker {
namespace {

// A row of the report that a chapter's page depends on.
struct Need {
  absl::string_view section;
  absl::string_view row;
};

struct Chapter {
  std::string name;
  // Does what its program does, up to where the command would start.
  absl::Status outcome;
  // What its page needs besides.
  std::vector<Need> needs;
  // Whether its workload is to be swapped out.
  bool swaps = false;
};

absl::Status MakePrivate() { return SetPropagation(Propagation::kPrivate); }

Command InNamespaces(uint64_t clone_flags, std::vector<Step> steps = {}) {
  Command command;
  command.clone_flags = clone_flags;
  command.in_child = std::move(steps);
  return command;
}

absl::Status TryChapter7() {
  ASSIGN_OR_RETURN(const std::vector<Mount> mounts, ReadCgroupMounts());
  ASSIGN_OR_RETURN(const Hierarchy memory, FindHierarchy(mounts, "memory"));
  RETURN_IF_ERROR(TryController(memory, "memory"));
  return Try(
      InNamespaces(CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWNS, {MakePrivate}));
}

std::vector<Chapter> TryChapters() {
  // What each chapter adds to the one before it.
  constexpr uint64_t k1 = CLONE_NEWUTS;
  constexpr uint64_t k2 = k1 | CLONE_NEWIPC;
  constexpr uint64_t k3 = k2 | CLONE_NEWPID;
  constexpr uint64_t k4 = k3 | CLONE_NEWNS;
  constexpr uint64_t k5 = k4 | CLONE_NEWUSER;
  constexpr uint64_t k6 = k5 | CLONE_NEWNET;
  constexpr uint64_t k8 = k4 | CLONE_NEWNET;
  const PidsSubsystem pids;
  const Step map_user = [uid = geteuid(), gid = getegid()] {
    return WriteUserMap(UserMap::kRoot, uid, gid);
  };
  return {
      {"1 uts-ns",
       Try(InNamespaces(k1)),
       {{"namespaces", "uts"}, {"tools", "hostname"}, {"tools", "psmisc"}}},
      {"2 ipc-ns",
       Try(InNamespaces(k2)),
       {{"namespaces", "ipc"}, {"tools", "util-linux"}}},
      {"3 pid-ns",
       Try(InNamespaces(k3)),
       {{"namespaces", "pid"}, {"tools", "procps"}}},
      {"4 mount-ns",
       Try(InNamespaces(k4, {MakePrivate, MountProc})),
       {{"namespaces", "mnt"}, {"tools", "mount"}, {"tools", "procps"}}},
      {"5 user-ns",
       Try(InNamespaces(k5, {map_user, MakePrivate})),
       {{"namespaces", "user"}, {"user-namespaces", "ordinary users"}}},
      {"6 net-ns",
       Try(InNamespaces(k6, {map_user, MakePrivate})),
       {{"namespaces", "user"},
        {"user-namespaces", "ordinary users"},
        {"tools", "iproute2"},
        {"tools", "python3"}}},
      {"7 cgroup-memory",
       TryChapter7(),
       {{"cgroups", "memory"}, {"tools", "stress"}},
       true},
      {"8 run-init",
       TryContainer(InNamespaces(k8, {MakePrivate, MountProc})),
       {{"cgroups", "memory"},
        {"cgroups", "cpu"},
        {"cgroups", "cpuset"},
        {"tools", "procps"},
        {"tools", "stress"}},
       true},
      {"9 rootfs",
       TryContainer(InNamespaces(k8, {MakePrivate, EnterNewRootfs, MountProc}),
                    {&pids}),
       {{"cgroups", "memory"},
        {"cgroups", "cpu"},
        {"cgroups", "cpuset"},
        {"cgroups", "pids"},
        {"tools", "busybox-static"}}},
      {"10 union-fs",
       TryContainer(InNamespaces(k8, {MakePrivate, EnterNewLayers, MountProc}),
                    {&pids}),
       {{"machine", "overlayfs"},
        {"tools", "busybox-static"},
        {"tools", "unionfs-fuse"}}},
  };
}

void AddOnce(std::vector<std::string>& words, const std::string& word) {
  if (!word.empty() && !absl::c_linear_search(words, word)) {
    words.push_back(word);
  }
}

Row Judge(const Chapter& chapter, const Report& report) {
  Row row = {chapter.name, Verdict::kOk, ""};
  std::vector<std::string> reasons;
  std::vector<std::string> cures;
  // Whether it is said why the program does not work.
  bool explained = chapter.outcome.ok();
  if (TakesRoot(chapter.outcome)) {
    row.verdict = Verdict::kLimited;
    explained = true;
    reasons.emplace_back("for root only");
    cures.emplace_back(kSudo);
  } else if (!chapter.outcome.ok()) {
    row.verdict = Verdict::kNo;
  }
  for (const Need& need : chapter.needs) {
    const Row found = FindRow(report, need.section, need.row);
    if (found.verdict != Verdict::kOk && found.cure != kSudo) {
      explained = explained || found.verdict == Verdict::kNo;
      row.verdict = std::max(row.verdict, Verdict::kLimited);
      AddOnce(reasons, absl::StrCat(found.name, ": ", found.detail));
      AddOnce(cures, found.cure);
    }
  }
  // What failed though each part of it works.
  if (!explained) {
    reasons.insert(reasons.begin(), absl::StrCat(chapter.outcome.message()));
  }
  row.detail = absl::StrJoin(reasons, "; ");
  row.cure = absl::StrJoin(cures, "; ");
  if (row.verdict == Verdict::kOk) {
    const bool swap =
        FindRow(report, "machine", "swap").verdict == Verdict::kOk;
    row.detail = swap || !chapter.swaps
                     ? "ready"
                     : "ready, but without swap stress is killed at its limit";
  }
  return row;
}

}  // namespace

Section CheckChapters(const Report& report) {
  Section section = {"chapters", "Chapters", {}};
  for (const Chapter& chapter : TryChapters()) {
    section.rows.push_back(Judge(chapter, report));
  }
  return section;
}

bool IsEveryChapterReady(const Report& report) {
  return absl::c_all_of(report, [](const Section& section) {
    return section.id != "chapters" ||
           absl::c_all_of(section.rows, [](const Row& row) {
             return row.verdict == Verdict::kOk;
           });
  });
}

}  // namespace mydocker
