// The parts that `mydocker run -verbose` cannot separate:
//
//   fork, uts, ipc, pid, mnt, net
//            clone3 of a child that ends at once, in no new namespace, in a new
//            UTS namespace, in a new IPC namespace besides, and so on
//   fork-end, uts-end, ipc-end, pid-end, mnt-end, net-end
//            from there until it has gone, and its namespaces with it
//   copy, copy-end
//            to make chapter 9's sealed copy of a program, and to free it
//
//     parts ROUNDS
//
// prints a line for each: its name and ROUNDS times in microseconds. They take
// turns.

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/process/sealed_program.h"
#include "tests/bench/times.h"

namespace mydocker {
namespace {

constexpr std::pair<const char*, uint64_t> kNamespaces[] = {
    {"fork", 0},           {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC},
    {"pid", CLONE_NEWPID}, {"mnt", CLONE_NEWNS},  {"net", CLONE_NEWNET},
};

absl::Status MeasureChild(const std::string& name, uint64_t flags,
                          Times& times) {
  clone_args args = {};
  args.flags = flags;
  args.exit_signal = SIGCHLD;
  const auto before = Clock::now();
  const auto pid = static_cast<pid_t>(syscall(SYS_clone3, &args, sizeof(args)));
  if (pid < 0) {
    return ErrnoError(errno, "make a process in new namespaces");
  }
  if (pid == 0) {
    _exit(0);
  }
  times[name].push_back(MicrosecondsSince(before));
  const auto made = Clock::now();
  if (waitpid(pid, nullptr, 0) != pid) {
    return ErrnoError(errno, "wait for a process");
  }
  times[absl::StrCat(name, "-end")].push_back(MicrosecondsSince(made));
  return absl::OkStatus();
}

absl::Status MeasureCopy(Times& times) {
  const auto before = Clock::now();
  ASSIGN_OR_RETURN(UniqueFd copy, SealedCopyOfThisProgram());
  times["copy"].push_back(MicrosecondsSince(before));
  const auto made = Clock::now();
  copy.Close();
  times["copy-end"].push_back(MicrosecondsSince(made));
  return absl::OkStatus();
}

absl::StatusOr<int> Measure(int rounds) {
  Times times;
  for (int round = 0; round < rounds; ++round) {
    // The first round runs with cold caches.
    Times first;
    RETURN_IF_ERROR(MeasureChild("fork", 0, first));
    uint64_t flags = 0;
    for (const auto& [name, flag] : kNamespaces) {
      flags |= flag;
      RETURN_IF_ERROR(MeasureChild(name, flags, times));
    }
    RETURN_IF_ERROR(MeasureCopy(times));
  }
  Print(times);
  return 0;
}

}  // namespace
}  // namespace mydocker

int main(int argc, char* argv[]) {
  return mydocker::MeasureAsAsked("parts", argc, argv, mydocker::Measure);
}
