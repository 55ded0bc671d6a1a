// The cost of putting a process into its cgroups:
//
//   parent   the parent writes the child's pid (CgroupManager::Apply, the way
//            of article 001)
//   self     the child writes 0, itself: what CgroupManager::Admit does on v1
//   start    a whole Start of a child that stays in its parent's cgroups, and
//   born-in  of one born into its own: what Admit does on v2
//
//     attach ROUNDS
//
// prints a line for each: its name and ROUNDS times in microseconds. The four
// take turns. A host with only v1 has no born-in, one with only v2 no self.

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <chrono>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/cgroup/manager.h"
#include "common/cgroup/pids.h"
#include "common/process/child.h"
#include "tests/bench/times.h"

namespace mydocker {
namespace {

// Shared with the child.
struct Shared {
  Clock::time_point start;
  double self;
};

Command Sleep() {
  Command command;
  command.program = "/bin/sleep";
  command.argv = {"sleep", "1000"};
  return command;
}

absl::Status End(Child child) {
  RETURN_IF_ERROR(child.Signal(SIGKILL));
  return child.Wait().status();
}

absl::Status MeasureRound(const CgroupManager& cgroups, Shared& shared,
                          Times& times) {
  const auto before_start = Clock::now();
  ASSIGN_OR_RETURN(Child outside, Start(Sleep()));
  times["start"].push_back(MicrosecondsSince(before_start));
  const auto before_apply = Clock::now();
  RETURN_IF_ERROR(cgroups.Apply(outside.pid()));
  times["parent"].push_back(MicrosecondsSince(before_apply));
  RETURN_IF_ERROR(End(std::move(outside)));

  Command command = Sleep();
  command.in_child.push_back([&shared] {
    shared.start = Clock::now();
    return absl::OkStatus();
  });
  cgroups.Admit(command);
  const bool writes_itself = command.in_child.size() > 1;
  command.in_child.push_back([&shared] {
    shared.self = MicrosecondsSince(shared.start);
    return absl::OkStatus();
  });
  const auto before_birth = Clock::now();
  ASSIGN_OR_RETURN(Child inside, Start(command));
  if (command.into_cgroup != -1) {
    times["born-in"].push_back(MicrosecondsSince(before_birth));
  }
  if (writes_itself) {
    times["self"].push_back(shared.self);
  }
  return End(std::move(inside));
}

absl::StatusOr<int> Measure(int rounds) {
  auto* const shared =
      static_cast<Shared*>(mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  if (shared == MAP_FAILED) {
    return ErrnoError(errno, "map memory that the child shares");
  }
  const PidsSubsystem pids;
  ASSIGN_OR_RETURN(const std::string id, NewContainerId());
  ASSIGN_OR_RETURN(CgroupManager cgroups, CgroupManager::Create(id, {&pids}));
  RETURN_IF_ERROR(cgroups.Set({}));
  Times times;
  for (int round = 0; round < rounds; ++round) {
    // One wait for a grace period also serves a caller right after it. The
    // pause makes each round wait for its own.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    RETURN_IF_ERROR(MeasureRound(cgroups, *shared, times));
  }
  printf("hierarchies %zu\n", cgroups.Paths().size());
  Print(times);
  RETURN_IF_ERROR(cgroups.Destroy());
  return 0;
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::MeasureAsAsked("attach", argc, argv, mydocker::Measure);
}
