// Chapter 7: a limit on memory.

#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/grade/cgroups.h"
#include "tests/grade/grade.h"
#include "tests/support/memory.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

struct RandomLimit {
  const int mib = RandomNumber(48, 96);
  const Words flags = {"-m", absl::StrCat(mib, "m")};
  const std::string bytes = absl::StrCat(mib * kMiB);
};

TEST_F(Grade, MemoryLimit) {
  SKIP_IF(WhyNoController("memory"));
  const RandomLimit limit;
  const Shell shell(limit.flags);
  if (shell.IsThere()) {
    ExpectLimit(shell, kMemoryLimit, limit.bytes);
  }
}

// Several times, for it is a race. The script may find no file at all: there is
// none in the cgroup that is the root.
TEST_F(Grade, LimitedFromTheStart) {
  SKIP_IF(WhyNoController("memory"));
  const std::string script = ScriptThatTells(kMemoryLimit);
  for (int i = 0; i < 5; ++i) {
    const RandomLimit limit;
    const Answer answer = Try({script}, limit.flags);
    if (!answer.Expect(answer.out == limit.bytes + "\n",
                       absl::StrCat("output: ", limit.bytes,
                                    "   (the script prints the limit of the "
                                    "cgroup that it is in)"))) {
      return;
    }
  }
}

TEST_F(Grade, LessThanTheLimitRuns) {
  SKIP_IF(WhyNoController("memory"));
  const RandomLimit limit;
  Try(TakeMemory((limit.mib - 8) * kMiB), limit.flags).ExpectStatus(0);
}

TEST_F(Grade, MoreThanTheLimitIsKilled) {
  SKIP_IF(WhyNoController("memory"));
  const RandomLimit limit;
  const uint64_t excess = 40 * kMiB;
  SKIP_IF(ExpectedOutcome(excess) == Outcome::kKilled
              ? ""
              : "this machine has swap: the kernel does not need to kill");
  const Answer answer = Try(TakeMemory(limit.mib * kMiB + excess), limit.flags);
  answer.Expect(answer.Status() == 128 + SIGKILL,
                "exit status 137: ended by signal 9, of the OOM killer");
}

TEST_F(Grade, ProgramStaysOutside) {
  SKIP_IF(WhyNoController("memory"));
  const RandomLimit limit;
  Shell shell(limit.flags);
  if (!shell.IsThere()) {
    return;
  }
  shell.Ask("sleep 0.3");  // If it is late with that, it is wrong even so.
  const std::string mine = PathOf(kMemoryLimit, getpid());
  const std::string its = PathOf(kMemoryLimit, shell.program());
  shell.Expect(its == mine,
               absl::StrCat("the program itself, process ", shell.program(),
                            ", is where it was started"),
               absl::StrCat("it is in ",
                            std::filesystem::path(its).parent_path().string()));
}

TEST_F(Grade, TwoHaveTheirOwn) {
  SKIP_IF(WhyNoController("memory"));
  const Words flags[] = {{"-m", absl::StrCat(RandomNumber(40, 60), "m")},
                         {"-m", absl::StrCat(RandomNumber(70, 90), "m")}};
  const Shell one(flags[0]);
  Shell other(flags[1]);
  if (!one.IsThere() || !other.IsThere()) {
    return;
  }
  const auto bytes = [](const Words& words) {
    return absl::StrCat(std::stoull(words[1]) * kMiB);
  };
  ExpectLimit(one, kMemoryLimit, bytes(flags[0]));
  ExpectLimit(other, kMemoryLimit, bytes(flags[1]));
  other.End();
  ExpectLimit(one, kMemoryLimit, bytes(flags[0]));
}

// By a signal to the program, as Ctrl-C and `kill` send it.
TEST_F(Grade, SignalEndsAllAndCleansUp) {
  SKIP_IF(WhyNoController("memory"));
  for (const int signal : {SIGTERM, SIGHUP}) {
    Shell shell({"-m", "64m"});
    if (!shell.IsThere()) {
      return;
    }
    const std::string cgroup =
        std::filesystem::path(PathOf(kMemoryLimit, shell.pid())).parent_path();
    const bool own =
        PathOf(kMemoryLimit, shell.pid()) != PathOf(kMemoryLimit, getpid());
    shell.Ask(absl::StrCat(
        "trap '' TERM HUP   # then, on the host: sudo kill -",
        sigabbrev_np(signal), " ", shell.program(), ", the program"));
    ForgiveWhatStays();  // It is what this check is about.
    shell.Signal(signal);
    const bool ended = WaitForEnd(shell.pid());
    const Answer answer = shell.Wait();
    shell.Expect(ended && answer.ended, "program and shell end",
                 ended ? "the program lives on" : "the shell lives on");
    shell.Expect(
        !own || access(cgroup.c_str(), F_OK) != 0,
        absl::StrCat("host$ ls -d ", cgroup, "\nNo such file or directory"),
        absl::StrCat("host$ ls -d ", cgroup, "\n", cgroup));
  }
}

TEST_F(Grade, BadSizeIsRefused) {
  const std::string made = WatchedDirectory() + "/made";
  const Answer answer = Try({"touch", made}, {"-m", RandomName()});
  answer.Expect(answer.Status() == 125 && !answer.err.empty(),
                "exit status 125\nerrors: a message");
  if (access(made.c_str(), F_OK) == 0) {
    unlink(made.c_str());
    Complain(answer.ran, "the command is not started",
             absl::StrCat("it has made ", made));
  }
}

// Exercise: -cpus.

const KernelFile kQuota = {"cpu", "cpu.cfs_quota_us", "cpu.max"};
const KernelFile kPeriod = {"cpu", "cpu.cfs_period_us", "cpu.max"};

std::string WhyNoQuota() {
  const std::string why = WhyNoController("cpu");
  // The root of v2 has no such file, and no kernel with v2 is without.
  return !why.empty() || !FindController("cpu")->v1
             ? why
             : WhyNoKernelFeature("CPU quotas", PathOf(kQuota, getpid()));
}

TEST_F(Grade, CpuQuota) {
  SKIP_IF(WhyNoQuota());
  const int percent = RandomNumber(20, 80);
  const std::string cpus = absl::StrCat("0.", percent);
  const Shell shell({"-cpus", cpus});
  if (!shell.IsThere()) {
    return;
  }
  const std::string path = PathOf(kQuota, shell.pid());
  const bool own = path != PathOf(kQuota, getpid());
  double quota = 0;
  double period = 0;
  std::ifstream quota_file(path);
  quota_file >> quota;
  std::ifstream period_file(PathOf(kPeriod, shell.pid()));
  (FindController("cpu")->v1 ? period_file : quota_file) >> period;
  shell.Expect(own && std::abs(quota * 100 - period * percent) <= period,
               absl::StrCat("a cgroup of its own, in which the quota is ", cpus,
                            " of the period"),
               absl::StrCat(own ? "" : "it is in the caller's cgroup, where ",
                            path, ": ", quota, ", period: ", period));
}

TEST_F(Grade, CpuIsThrottled) {
  SKIP_IF(WhyNoQuota());
  Shell shell({"-cpus", "0.2"});
  if (!shell.IsThere()) {
    return;
  }
  shell.Ask("i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done");
  const std::string path = PathOf({"cpu", "cpu.stat", "cpu.stat"}, shell.pid());
  uint64_t throttled = 0;
  for (const std::string& line : ReadLines(path)) {
    const Words words = absl::StrSplit(line, ' ');
    if (words.size() == 2 && words[0] == "nr_throttled") {
      throttled = std::stoull(words[1]);
    }
  }
  shell.Expect(throttled > 0,
               absl::StrCat("host$ grep nr_throttled ", path,
                            "\nnr_throttled, and more than 0"),
               absl::StrCat("nr_throttled ", throttled));
}

// Exercise: -device-write-bps.

const KernelFile kWriteBps = {"blkio", "blkio.throttle.write_bps_device",
                              "io.max"};

// A disk of this machine: its name below /dev, and its number.
struct Disk {
  std::string name;
  std::string number;
};

std::optional<Disk> FindDisk() {
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator("/sys/block", error)) {
    const std::string name = entry.path().filename();
    const std::vector<std::string> number =
        ReadLines(entry.path().string() + "/dev");
    const std::vector<std::string> size =
        ReadLines(entry.path().string() + "/size");
    if (!size.empty() && size[0] != "0" && !number.empty() &&
        access(("/dev/" + name).c_str(), F_OK) == 0) {
      return Disk{name, number[0]};
    }
  }
  return std::nullopt;
}

// The same controller has another name on v2.
KernelFile WriteBpsHere() {
  KernelFile file = kWriteBps;
  if (!FindController("blkio").has_value()) {
    file.controller = "io";
  }
  return file;
}

TEST_F(Grade, BlockWritesAreLimited) {
  const KernelFile file = WriteBpsHere();
  SKIP_IF(WhyNoController(file.controller));
  if (FindController(file.controller)->v1) {
    SKIP_IF(WhyNoKernelFeature("limits on block I/O", PathOf(file, getpid())));
  }
  const std::optional<Disk> disk = FindDisk();
  SKIP_IF(disk.has_value() ? "" : "this machine has no disk");
  const int rate = RandomNumber(1 << 20, 1 << 24);
  const Shell shell(
      {"-device-write-bps", absl::StrCat("/dev/", disk->name, ":", rate)});
  if (!shell.IsThere()) {
    return;
  }
  const std::string path = PathOf(file, shell.pid());
  const std::string content = ReadFile(path);
  shell.Expect(absl::StrContains(content, disk->number) &&
                   absl::StrContains(content, absl::StrCat(rate)),
               absl::StrCat("host$ cat ", path, "\na line with ", disk->number,
                            " and ", rate),
               absl::StrCat("host$ cat ", path, "\n", content));
}

}  // namespace
}  // namespace blackbox
