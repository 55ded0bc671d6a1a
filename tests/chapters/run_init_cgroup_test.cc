// Chapter 8, `run` and `init`: limits. The tests read what the flags ask for
// back from the kernel's files, and then check that the kernel enforces it.

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/memory.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

uint64_t RandomBetween(uint64_t low, uint64_t high) {
  static std::mt19937_64 random(std::random_device{}());
  return std::uniform_int_distribution<uint64_t>(low, high)(random);
}

// A limit that no program could guess, in whole pages as the kernel keeps it.
uint64_t RandomLimit() {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return RandomBetween(32 * kMiB / page, 64 * kMiB / page) * page;
}

// The CPUs that the test may use, and so may a container without a limit.
std::vector<int> AllowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof(set), &set), 0);
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) {
      cpus.push_back(cpu);
    }
  }
  return cpus;
}

int RandomCpu() {
  const std::vector<int> cpus = AllowedCpus();
  return cpus[RandomBetween(0, cpus.size() - 1)];
}

class RunInitCgroupTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    for (const char* controller : {"memory", "cpu", "cpuset"}) {
      if (!IsSkipped()) {
        SKIP_IF(
            FindController(controller).has_value()
                ? ""
                : absl::StrCat("this host has no ", controller, " controller"));
      }
    }
  }
};

TEST_F(RunInitCgroupTest, EveryContainerHasACgroupOfEachController) {
  HeldContainer container;
  const ContainerCgroups cgroups = container.Cgroups();
  for (const char* controller : {"memory", "cpu", "cpuset"}) {
    EXPECT_THAT(AllContainerCgroups(), Contains(cgroups.Directory(controller)));
  }
  EXPECT_THAT(container.End(), ExitsWith(0));
  for (const std::string& directory : cgroups.Directories()) {
    EXPECT_NE(access(directory.c_str(), F_OK), 0) << directory << " stays";
  }
}

// On v2 enabling a controller changes the whole host, so `run` does it only for
// a limit, and only while that is needed.
TEST_F(RunInitCgroupTest, ControllersAreHandedDownOnlyForALimitAndTakenBack) {
  const ControllerLocation place = *FindController("memory");
  SKIP_IF(place.v1 ? "the memory controller is on cgroup v1 here" : "");
  const auto enabled = [&](const std::string& cgroup) {
    const std::vector<std::string> names =
        absl::StrSplit(ReadFile(cgroup + "/cgroup.subtree_control"),
                       absl::ByAnyChar(" \n"), absl::SkipEmpty());
    return std::set<std::string>(names.begin(), names.end());
  };
  const std::string root = place.mount_point;
  const std::string parent = root + "/mydocker";
  const std::set<std::string> before = enabled(root);
  {
    HeldContainer unlimited;
    EXPECT_EQ(enabled(root), before);
    EXPECT_THAT(enabled(parent), testing::IsEmpty());
    {
      HeldContainer limited({"-m", "48m"});
      HeldContainer another({"-m", "48m", "-cpushare", "512"});
      EXPECT_THAT(enabled(root), AllOf(Contains("memory"), Contains("cpu")));
      EXPECT_THAT(enabled(parent), ElementsAre("cpu", "memory"));
      EXPECT_THAT(another.End(), ExitsWith(0));
      EXPECT_THAT(enabled(parent), ElementsAre("memory"));
      EXPECT_THAT(limited.End(), ExitsWith(0));
    }
    EXPECT_EQ(enabled(root), before);
    EXPECT_THAT(enabled(parent), testing::IsEmpty());
    // A `run` that is killed does not undo this; the next one does.
    HeldContainer killed({"-m", "48m"});
    killed.run().Signal(SIGKILL);
    EXPECT_EQ(killed.run().Wait().signal, SIGKILL);
    EXPECT_TRUE(WaitForEnd(killed.init()));
    EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
    EXPECT_EQ(enabled(root), before);
    EXPECT_THAT(unlimited.End(), ExitsWith(0));
  }
  EXPECT_EQ(enabled(root), before);
}

TEST_F(RunInitCgroupTest, MemoryLimitHasUnits) {
  const uint64_t number = RandomBetween(20, 90);
  // The kernel keeps whole pages.
  const std::vector<std::pair<std::string, uint64_t>> sizes = {
      {absl::StrCat("-m=", number * kMiB + 4095), number * kMiB + 4095},
      {absl::StrCat("-mem=", number, "M"), number * kMiB},
      {absl::StrCat("--mem=", number, "g"), number * kMiB * 1024}};
  for (const auto& [text, bytes] : sizes) {
    HeldContainer container({text});
    EXPECT_EQ(container.Cgroups().MemoryLimit(),
              ContainerCgroups::ExpectedMemoryLimit(bytes))
        << text;
    container.End();
  }
}

// Exactly one line, which reports the OOM kill.
MATCHER(IsOomReport, "") {
  return arg.find('\n') == arg.size() - 1 &&
         testing::ExplainMatchResult(
             testing::ContainsRegex("[Oo]ut of memory|OOM"), arg,
             result_listener);
}

// A process that the OOM killer ended reported as success.
TEST_F(RunInitCgroupTest, MoreThanTheLimitIsNot) {
  const uint64_t limit = RandomLimit();
  const uint64_t excess = 16 * kMiB;
  const Result result = Execute({.args = RunWords({"-m", absl::StrCat(limit)},
                                                  TakeMemory(limit + excess))});
  if (ExpectedOutcome(excess) == Outcome::kKilled) {
    EXPECT_THAT(result, ExitsWith(128 + SIGKILL));
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, IsOomReport());
    EXPECT_THAT(result.err, HasSubstr(absl::StrCat(limit)));
  } else {
    EXPECT_THAT(result, Prints(""));
  }
}

TEST_F(RunInitCgroupTest, OomKillOfAChildIsReportedThoughTheCommandGoesOn) {
  const uint64_t limit = RandomLimit();
  const uint64_t excess = 16 * kMiB;
  SKIP_IF(ExpectedOutcome(excess) == Outcome::kKilled
              ? ""
              : "there is swap: nothing is killed");
  HeldContainer container({"-m", absl::StrCat(limit)},
                          TakeMemoryInShell(limit + excess));
  EXPECT_EQ(container.Cgroups().OomKills(), 1u);
  const Result result = container.End(9);
  EXPECT_THAT(result, ExitsWith(9));
  EXPECT_THAT(result.err, IsOomReport());
}

// The articles' own command, in both spellings: stress allocates twice its
// limit.
TEST_F(RunInitCgroupTest, StressOfTheArticlesIsKilledOrHeld) {
  SKIP_IF(WhyNoTool("stress"));
  const uint64_t limit = 100 * kMiB;
  const uint64_t excess = 100 * kMiB;
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"-ti", "-m", "100m", "--"},
        {"-ti", "-mem", "100m"}}) {
    Process run({.args = RunWords(flags, {"stress", "--vm-bytes", "200m",
                                          "--vm-keep", "-m", "1"})});
    if (ExpectedOutcome(excess) == Outcome::kKilled) {
      const Result result = run.Wait();
      // stress itself outlives its worker, and reports the failure.
      EXPECT_THAT(result, ExitsWith(1));
      EXPECT_THAT(result.err, HasSubstr("signal 9"));
      EXPECT_THAT(result.err,
                  AllOf(testing::ContainsRegex("[Oo]ut of memory|OOM"),
                        HasSubstr("104857600")));
      continue;
    }
    EXPECT_TRUE(
        AreHeldAt(limit, excess, [&] { return DescendantsOf(run.pid()); }));
    const ContainerCgroups cgroups(FindInit(run.pid()));
    EXPECT_EQ(cgroups.MemoryLimit(), "104857600");
    EXPECT_EQ(cgroups.OomKills(), 0u);
    // It would run for ever. Only SIGKILL ends process 1, and `run` sends it
    // next.
    run.Signal(SIGTERM);
    EXPECT_THAT(run.Wait(), ExitsWith(128 + SIGKILL));
  }
}

// Far less than a process needs to start.
TEST_F(RunInitCgroupTest, LimitTooSmallForAnyProcessIsToldAsSuch) {
  const Result result = Execute({.args = {"run", "-m", "4k", "true"}});
  EXPECT_THAT(result, ExitsWith(128 + SIGKILL));
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, IsOomReport());
}

// Seconds of processor time that a process has used, in user mode and in the
// kernel.
double CpuTimeOf(pid_t pid) {
  const std::string stat = ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  // After the name, which is in parentheses: state is field 3, utime 14.
  const std::vector<std::string> fields = absl::StrSplit(
      stat.substr(std::min(stat.size(), stat.rfind(')') + 2)), ' ');
  return fields.size() < 13 ? 0
                            : (std::stod(fields[11]) + std::stod(fields[12])) /
                                  static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Two containers that never stop, on the same CPU: the shares decide.
TEST_F(RunInitCgroupTest, CpuSharesDecideWhoGetsTheCpu) {
  const std::string cpu = absl::StrCat(RandomCpu());
  const std::vector<std::string> busy = {
      "sh", "-c", "echo ready; read go; while :; do :; done"};
  Process more(
      {.args = RunWords({"-ti", "-cpuset", cpu, "-cpushare", "2048"}, busy)});
  Process less(
      {.args = RunWords({"-ti", "-cpuset", cpu, "-cpushare", "256"}, busy)});
  ASSERT_EQ(more.ReadLine(), "ready");
  ASSERT_EQ(less.ReadLine(), "ready");
  const pid_t one = FindInit(more.pid());
  const pid_t other = FindInit(less.pid());
  more.Write("go\n");
  less.Write("go\n");
  // Counts from when both run until they have used enough time for a fair
  // comparison.
  ASSERT_TRUE(WaitUntil(
      [&] { return CpuTimeOf(one) > 0.05 && CpuTimeOf(other) > 0.05; }));
  const double one_before = CpuTimeOf(one);
  const double other_before = CpuTimeOf(other);
  double had_one = 0;
  double had_other = 0;
  EXPECT_TRUE(WaitUntil([&] {
    had_one = CpuTimeOf(one) - one_before;
    had_other = CpuTimeOf(other) - other_before;
    return had_one + had_other >= 1.5;
  }));
  const bool v1 = FindController("cpu")->v1;
  const double ratio = v1 ? 2048.0 / 256
                          : static_cast<double>(CpuWeightOf(2048)) /
                                static_cast<double>(CpuWeightOf(256));
  EXPECT_GT(had_one, had_other * ratio / 2) << had_one << " : " << had_other;
  EXPECT_LT(had_one, had_other * ratio * 2) << had_one << " : " << had_other;
  more.Signal(SIGTERM);
  less.Signal(SIGTERM);
  // Process 1 has no handler for SIGTERM, so only SIGKILL ends it.
  EXPECT_THAT(more.Wait(), ExitsWith(128 + SIGKILL));
  EXPECT_THAT(less.Wait(), ExitsWith(128 + SIGKILL));
}

// Success reported where there was none. The test compares
// the report with the kernel's own paths and numbers.
TEST_F(RunInitCgroupTest, VerboseTellsFileValueAndProcess) {
  const uint64_t limit = RandomLimit();
  const uint64_t shares = RandomBetween(3, 100000);
  const std::string cpu = absl::StrCat(RandomCpu());
  HeldContainer container({"-verbose", "-m", absl::StrCat(limit), "-cpushare",
                           absl::StrCat(shares), "-cpuset", cpu});
  const ContainerCgroups cgroups = container.Cgroups();
  const pid_t init = container.init();
  const Result result = container.End();
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_EQ(result.out, "") << "reports go to standard error";
  const std::vector<std::string> lines =
      absl::StrSplit(result.err, '\n', absl::SkipEmpty());
  for (const std::string& directory : cgroups.Directories()) {
    EXPECT_THAT(lines, Contains(HasSubstr(directory))) << result;
  }
  EXPECT_THAT(
      lines, Contains(AllOf(HasSubstr(cgroups.Directory("memory") + "/memory."),
                            HasSubstr(absl::StrCat(limit)))));
  EXPECT_THAT(
      lines,
      Contains(AllOf(HasSubstr(cgroups.Directory("cpu") + "/cpu."),
                     HasSubstr(ContainerCgroups::ExpectedCpuShares(shares)))));
  EXPECT_THAT(
      lines,
      Contains(AllOf(HasSubstr(cgroups.Directory("cpuset") + "/cpuset.cpus"),
                     HasSubstr(" " + cpu + " "))));
  EXPECT_THAT(lines, Contains(HasSubstr(absl::StrCat("process ", init))));
}

}  // namespace
}  // namespace blackbox
