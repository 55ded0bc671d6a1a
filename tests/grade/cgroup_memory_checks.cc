// Chapter 7: a limit on memory.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
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
  for (const std::string& size :
       {limit.flags[1], absl::StrCat(limit.mib * 1024, "k"), limit.bytes}) {
    const Shell shell({"-m", size});
    if (!shell.IsThere()) {
      return;
    }
    ExpectLimit(shell, kMemoryLimit, limit.bytes);
  }
}

// Several times, because it is a race. The script may find no file: the root
// cgroup has none.
TEST_F(Grade, LimitedFromTheStart) {
  SKIP_IF(WhyNoController("memory"));
  const std::string script = ScriptThatPrints(kMemoryLimit);
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
  Try(TakeMemory((limit.mib - 8) * kMiB - MemoryOfSanitizers()), limit.flags)
      .ExpectStatus(0);
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
  shell.Ask("sleep 0.3");  // To enter a cgroup late is wrong, too.
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

// A command that ignores signals, and the signals to send to its program.
struct Told {
  std::vector<int> signals;
  Shell shell{Words{"-m", "64m"}};
  std::set<std::string> cgroups = {};

  // Types the line that makes the command ignore them, with a note for the
  // reader about the rest.
  void Prepare() {
    cgroups = OwnCgroups(shell.pid());
    std::string note = "trap '' INT TERM HUP   # then, on the host:";
    for (const int signal : signals) {
      absl::StrAppend(&note, " sudo kill -", sigabbrev_np(signal), " ",
                      shell.program(), ";");
    }
    shell.Ask(note + " the program");
  }
};

// The signals of `kill`, a closed terminal, and Ctrl-C. A program may leave
// SIGINT to the command (Ctrl-C reaches both), so another signal follows it; a
// program that does not handle SIGINT has ended by then. Three containers at
// once, because each may take some time to end.
TEST_F(Grade, SignalEndsAllAndCleansUp) {
  SKIP_IF(WhyNoController("memory"));
  Told runs[] = {{{SIGTERM}}, {{SIGHUP}}, {{SIGINT, SIGTERM}}};
  for (Told& run : runs) {
    if (!run.shell.IsThere()) {
      return;
    }
    run.Prepare();
  }
  for (Told& run : runs) {
    for (const int signal : run.signals) {
      run.shell.Signal(signal);
    }
  }
  for (Told& run : runs) {
    const bool ended = WaitForEnd(run.shell.pid());
    const Answer answer = run.shell.Wait();
    run.shell.Expect(ended && answer.ended, "program and shell end",
                     ended ? "the program lives on" : "the shell lives on");
    for (const std::string& cgroup : run.cgroups) {
      run.shell.Expect(
          access(cgroup.c_str(), F_OK) != 0,
          absl::StrCat("host$ ls -d ", cgroup, "\nNo such file or directory"),
          absl::StrCat("host$ ls -d ", cgroup, "\n", cgroup));
    }
  }
  if (HasFailure()) {
    ForgiveWhatStays();  // This check has reported it.
  }
}

TEST_F(Grade, BadSizeIsRefused) {
  SKIP_IF(WhyNoController("memory"));
  if (!Try({"true"}, {"-m", "64m"}).ExpectStatus(0)) {
    return;
  }
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
  // The root of v2 has no such file, but every kernel with v2 has the feature.
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

std::string WhyNoBlockLimits(const KernelFile& file) {
  const std::string why = WhyNoController(file.controller);
  return !why.empty() || !FindController(file.controller)->v1
             ? why
             : WhyNoKernelFeature("limits on block I/O",
                                  PathOf(file, getpid()));
}

// The controller has another name on v2.
KernelFile WriteBpsHere() {
  KernelFile file = kWriteBps;
  if (!FindController("blkio").has_value()) {
    file.controller = "io";
  }
  return file;
}

TEST_F(Grade, BlockWritesAreLimited) {
  const KernelFile file = WriteBpsHere();
  SKIP_IF(WhyNoBlockLimits(file));
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
  bool found = false;
  for (const std::string& line : ReadLines(path)) {
    const Words words = absl::StrSplit(line, ' ');
    const std::string wanted = absl::StrCat(rate);
    found = found ||
            (words[0] == disk->number &&
             (std::count(words.begin(), words.end(), wanted) > 0 ||
              std::count(words.begin(), words.end(), "wbps=" + wanted) > 0));
  }
  shell.Expect(found,
               absl::StrCat("host$ cat ", path, "\na line with ", disk->number,
                            " and ", rate),
               absl::StrCat("host$ cat ", path, "\n", content));
}

// A disk that may be overwritten: a file, as a loop device.
class LoopDisk {
 public:
  LoopDisk() {
    const std::string file = MakeFile("disk", "", 0600);
    std::filesystem::resize_file(file, 16 * kMiB);
    const Result made = RunOnHost("losetup --find --show " + file);
    device_ =
        made.exit_status == 0 ? made.out.substr(0, made.out.find('\n')) : "";
  }
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;
  ~LoopDisk() {
    if (!device_.empty()) {
      RunOnHost("losetup --detach " + device_);
    }
  }
  const std::string& device() const { return device_; }

 private:
  std::string device_;
};

// Measured by the clock. The writes bypass the page cache, because the kernel
// itself writes cached pages later, and v1 does not limit that.
TEST_F(Grade, BlockWritesTakeTheirTime) {
  SKIP_IF(WhyNoBlockLimits(WriteBpsHere()));
  SKIP_IF(WhyNoTool("losetup"));
  const LoopDisk disk;
  SKIP_IF(disk.device().empty() ? "this machine has no loop devices" : "");
  const auto time_to_write = [&](uint64_t rate) {
    const auto start = std::chrono::steady_clock::now();
    const Answer answer =
        Try({"dd", "if=/dev/zero", "of=" + disk.device(), "bs=256k", "count=4",
             "oflag=direct", "status=none"},
            {"-device-write-bps", absl::StrCat(disk.device(), ":", rate)});
    const std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    return std::pair{answer, time.count()};
  };
  const auto [fast, least] = time_to_write(uint64_t{1} << 30);
  if (!fast.ExpectStatus(0)) {
    return;
  }
  const auto [slow, time] = time_to_write(kMiB / 2);
  slow.Expect(
      slow.ended && slow.Status() == 0 && time > 1.2,
      "1 MiB at half a MiB in a second: two seconds, more or less",
      absl::StrFormat("%.1f s (without a limit to speak of: %.1f s)\n%s", time,
                      least, slow.Describe()));
}

}  // namespace
}  // namespace blackbox
