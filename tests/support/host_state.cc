#include "tests/support/host_state.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/support/proc.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

// Reads our mounts even when somebody has mounted over /proc.
std::vector<std::string> MountLines() {
  static const int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  std::string content;
  char buffer[8192];
  ssize_t size = 0;
  lseek(fd, 0, SEEK_SET);
  while ((size = read(fd, buffer, sizeof(buffer))) > 0) {
    content.append(buffer, size);
  }
  return absl::StrSplit(content, '\n', absl::SkipEmpty());
}

std::string MountPoint(const std::string& mountinfo_line) {
  return std::vector<std::string>(absl::StrSplit(mountinfo_line, ' '))[4];
}

// Adds the entries in `directory` and below it, or only the directories. If one
// vanishes while it is read (other people's cgroups do), only that one is
// missing. readdir(3) tells an entry's type: a stat(2) of each file of each
// cgroup would take longer than the rest of a test.
void AddEntriesBelow(const std::string& directory, bool directories_only,
                     std::set<std::string>& entries) {
  std::error_code error;
  for (fs::directory_iterator i(directory, error), end; !error && i != end;
       i.increment(error)) {
    std::error_code gone;
    const bool is_directory = !i->is_symlink(gone) && i->is_directory(gone);
    if (is_directory || !directories_only) {
      entries.insert(i->path());
    }
    if (is_directory) {
      AddEntriesBelow(i->path(), directories_only, entries);
    }
  }
}

std::string NamesBelow(const std::string& directory) {
  std::set<std::string> entries;
  AddEntriesBelow(directory, /*directories_only=*/false, entries);
  return absl::StrJoin(entries, " ");
}

// Whether a process is in the cgroup or below it.
bool IsPopulated(const std::string& cgroup) {
  if (!ReadFile(cgroup + "/cgroup.procs").empty()) {
    return true;
  }
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(cgroup, error)) {
    std::error_code gone;
    if (entry.is_directory(gone) && IsPopulated(entry.path())) {
      return true;
    }
  }
  return false;
}

// systemd makes and removes these for reasons of its own.
bool IsSystemds(const std::string& cgroup) {
  return absl::EndsWith(cgroup, ".slice") ||
         absl::EndsWith(cgroup, ".service") || absl::EndsWith(cgroup, ".scope");
}

template <typename Set>
Set Difference(const Set& one, const Set& other) {
  Set difference;
  std::set_difference(one.begin(), one.end(), other.begin(), other.end(),
                      std::inserter(difference, difference.end()));
  return difference;
}

// Reaps the orphans that became our children, and returns the descendants left.
std::vector<pid_t> ReapDescendants() {
  pid_t reaped = 0;
  while ((reaped = waitpid(-1, nullptr, WNOHANG)) > 0) {
  }
  // Without a child there is no grandchild: orphans become our children.
  return reaped < 0 ? std::vector<pid_t>() : DescendantsOf(getpid());
}

// The id of a mount, which never changes.
std::string MountId(const std::string& mountinfo_line) {
  return mountinfo_line.substr(0, mountinfo_line.find(' '));
}

void ExpectSameMounts(const HostState& before) {
  std::set<std::string> old_ids;
  for (const std::string& line : before.mounts) {
    old_ids.insert(MountId(line));
  }
  const std::vector<std::string> lines = MountLines();
  const std::set<std::string> now(lines.begin(), lines.end());
  if (now == before.mounts) {
    return;
  }
  ADD_FAILURE() << "left these mounts, or changed them:\n"
                << absl::StrJoin(Difference(now, before.mounts), "\n")
                << "\nbefore, there were instead:\n"
                << absl::StrJoin(Difference(before.mounts, now), "\n");
  // The last one first: it may be on top of another.
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (old_ids.count(MountId(*line)) == 0) {
      umount2(MountPoint(*line).c_str(), MNT_DETACH);
    }
  }
  mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr);
}

void ExpectNoProcesses() {
  // A process that was just killed takes a moment to end.
  if (WaitUntil([] { return ReapDescendants().empty(); })) {
    return;
  }
  for (const pid_t pid : ReapDescendants()) {
    ADD_FAILURE() << "left a process: " << Describe(pid) << ", "
                  << absl::StrJoin(ArgumentsOf(pid), " ");
    kill(pid, SIGKILL);
  }
  WaitUntil([] { return ReapDescendants().empty(); });
}

void ExpectSameCgroups(const HostState& before) {
  std::set<std::string> added = Difference(CgroupDirectories(), before.cgroups);
  // Our own processes are gone by now, so a cgroup with processes in it is
  // somebody else's, and so is one that still disappears.
  WaitUntil([&added] {
    for (auto cgroup = added.begin(); cgroup != added.end();) {
      const bool others = !fs::exists(*cgroup) || IsPopulated(*cgroup);
      cgroup = others ? added.erase(cgroup) : std::next(cgroup);
    }
    return added.empty();
  });
  for (auto cgroup = added.rbegin(); cgroup != added.rend(); ++cgroup) {
    ADD_FAILURE() << "left a cgroup: " << *cgroup;
    rmdir(cgroup->c_str());  // Children come last in `added`, so first here.
  }
}

std::map<std::string, std::string> OtherThings() {
  std::map<std::string, std::string> things;
  for (const auto& [kind, link] : NamespacesOf(getpid())) {
    things["the test's namespace " + kind] = link;
  }
  for (const std::string file :
       {"/proc/sys/kernel/hostname", "/proc/sys/kernel/domainname",
        "/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm"}) {
    things[file] = ReadFile(file);
  }
  for (const std::string& directory :
       {WatchedDirectory(), WatchedTemporaryDirectory(),
        std::string("/run/mydocker")}) {
    things["files in " + directory] = NamesBelow(directory);
  }
  std::set<std::string> top;
  for (const auto& entry : fs::directory_iterator(".")) {
    top.insert(entry.path());
  }
  things["files in the project's folder"] = absl::StrJoin(top, " ");
  return things;
}

}  // namespace

std::set<std::string> CgroupDirectories() {
  std::set<std::string> found;
  for (const std::string& line : MountLines()) {
    if (absl::StrContains(line, " - cgroup")) {
      AddEntriesBelow(MountPoint(line), /*directories_only=*/true, found);
    }
  }
  std::set<std::string> cgroups;
  std::copy_if(found.begin(), found.end(),
               std::inserter(cgroups, cgroups.end()), std::not_fn(IsSystemds));
  return cgroups;
}

HostState HostState::Now() {
  const std::vector<std::string> mounts = MountLines();
  return {.mounts = {mounts.begin(), mounts.end()},
          .cgroups = CgroupDirectories(),
          .others = OtherThings()};
}

void ExpectUnchanged(const HostState& before) {
  // Mounts first: one over /proc would hide it from the other checks.
  ExpectSameMounts(before);
  ExpectNoProcesses();
  ExpectSameCgroups(before);
  const std::map<std::string, std::string> others = OtherThings();
  for (const auto& [name, value] : before.others) {
    if (others.at(name) != value) {
      ADD_FAILURE() << "changed " << name << ": now \"" << others.at(name)
                    << "\", before \"" << value << "\"";
    }
  }
}

}  // namespace blackbox
