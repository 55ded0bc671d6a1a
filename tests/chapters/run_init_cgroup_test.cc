// Chapter 8, `run` and `init`: limits. What the flags ask for is read back from
// the kernel's files, and then the kernel is seen to enforce it.

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/memory.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/wait.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"08-run-init",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::UnorderedElementsAreArray;

uint64_t RandomBetween(uint64_t low, uint64_t high) {
  static std::mt19937_64 random(std::random_device{}());
  return std::uniform_int_distribution<uint64_t>(low, high)(random);
}

// A limit that nobody could have guessed, in whole pages as the kernel keeps
// it.
uint64_t RandomLimit() {
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return RandomBetween(32 * kMiB / page, 64 * kMiB / page) * page;
}

// The CPUs that the test may use, and so a container without a limit.
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

TEST_F(RunInitCgroupTest, NothingIsLimitedUnlessAskedFor) {
  HeldContainer container;
  EXPECT_EQ(container.Cgroups().MemoryLimit(),
            ContainerCgroups::NoMemoryLimit());
  EXPECT_EQ(container.Cgroups().CpuShares(),
            ContainerCgroups::DefaultCpuShares());
  EXPECT_EQ(container.Cgroups().Cpus(), ContainerCgroups::DefaultCpus());
  container.End();
}

// On v2 that changes the whole host: only for a limit, and only for its time.
TEST_F(RunInitCgroupTest, ControllersAreHandedDownOnlyForALimitAndTakenBack) {
  const ControllerPlace place = *FindController("memory");
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
    // A `run` that is killed takes nothing back; the next one does.
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

// pitfalls: faults 1, 8: a write whose refusal nobody sees, a flag that is read
// under another name.
TEST_F(RunInitCgroupTest, MemoryLimitIsInTheKernelsFile) {
  for (const char* flag : {"-m", "-mem", "--mem"}) {
    const uint64_t limit = RandomLimit() + RandomBetween(0, 4095);
    HeldContainer container({flag, absl::StrCat(limit)});
    EXPECT_EQ(container.Cgroups().MemoryLimit(),
              ContainerCgroups::ExpectedMemoryLimit(limit))
        << flag;
    container.End();
  }
}

TEST_F(RunInitCgroupTest, MemoryLimitHasUnits) {
  const uint64_t number = RandomBetween(20, 90);
  const std::vector<std::pair<std::string, uint64_t>> sizes = {
      {absl::StrCat(number, "m"), number * kMiB},
      {absl::StrCat(number, "M"), number * kMiB},
      {absl::StrCat(number, "g"), number * kMiB * 1024},
      {absl::StrCat(number * 1000, "k"), number * 1000 * 1024}};
  for (const auto& [text, bytes] : sizes) {
    HeldContainer container({"-m=" + text});
    EXPECT_EQ(container.Cgroups().MemoryLimit(),
              ContainerCgroups::ExpectedMemoryLimit(bytes))
        << text;
    container.End();
  }
}

TEST_F(RunInitCgroupTest, CpuSharesAreInTheKernelsFile) {
  const uint64_t shares = RandomBetween(3, 100000);
  HeldContainer container({"-cpushare", absl::StrCat(shares)});
  EXPECT_EQ(container.Cgroups().CpuShares(),
            ContainerCgroups::ExpectedCpuShares(shares))
      << shares;
  container.End();
}

// The ends, the default and a value between them. On v2 the kernel has weights
// from 1 to 10000, and 100 where v1 has 1024.
TEST_F(RunInitCgroupTest, CpuSharesBecomeWeightsOnVersion2) {
  const std::vector<std::pair<uint64_t, std::string>> weights = {
      {2, "1"}, {512, "59"}, {1024, "100"}, {262144, "10000"}};
  for (const auto& [shares, weight] : weights) {
    HeldContainer container({"-cpushare", absl::StrCat(shares)});
    EXPECT_EQ(container.Cgroups().CpuShares(),
              FindController("cpu")->v1 ? absl::StrCat(shares) : weight);
    container.End();
  }
}

TEST_F(RunInitCgroupTest, CpusetRestrictsTheContainerAndItsChildren) {
  const std::string cpu = absl::StrCat(RandomCpu());
  HeldContainer container({"-cpuset", cpu}, "sleep 1000 &");
  EXPECT_EQ(container.Cgroups().Cpus(), cpu);
  const std::vector<pid_t> inside = DescendantsOf(container.run().pid());
  EXPECT_GE(inside.size(), 2u);
  for (const pid_t pid : inside) {
    EXPECT_THAT(StatusField(pid, "Cpus_allowed_list"), ElementsAre(cpu))
        << Describe(pid);
  }
  EXPECT_EQ(StatusField(container.run().pid(), "Cpus_allowed_list"),
            StatusField(getpid(), "Cpus_allowed_list"))
      << "run itself is not restricted";
  container.End();
}

TEST_F(RunInitCgroupTest, CpusetMayBeAListOfAll) {
  const std::string all = absl::StrJoin(AllowedCpus(), ",");
  HeldContainer container({"-cpuset", all});
  EXPECT_EQ(StatusField(container.init(), "Cpus_allowed_list"),
            StatusField(getpid(), "Cpus_allowed_list"));
  container.End();
}

// pitfalls: fault 8, two limits that end up in each other's file.
TEST_F(RunInitCgroupTest, ThreeLimitsAtOnceAreEachUnderItsName) {
  const uint64_t limit = RandomLimit();
  const uint64_t shares = RandomBetween(3, 100000);
  const std::string cpu = absl::StrCat(RandomCpu());
  HeldContainer container({"-cpuset", cpu, "-cpushare", absl::StrCat(shares),
                           "-m", absl::StrCat(limit)});
  EXPECT_EQ(container.Cgroups().MemoryLimit(),
            ContainerCgroups::ExpectedMemoryLimit(limit));
  EXPECT_EQ(container.Cgroups().CpuShares(),
            ContainerCgroups::ExpectedCpuShares(shares));
  EXPECT_EQ(container.Cgroups().Cpus(), cpu);
  container.End();
}

// pitfalls: faults 5, 7: the wrong process ends up in the cgroup, or none.
TEST_F(RunInitCgroupTest, AllOfTheContainerIsInsideAndNothingElse) {
  HeldContainer container({"-m", "64m"}, "sleep 1000 & (setsid sleep 1000 &)");
  const std::vector<pid_t> inside = DescendantsOf(container.run().pid());
  ASSERT_GE(inside.size(), 3u);
  for (const char* controller : {"memory", "cpu", "cpuset"}) {
    EXPECT_THAT(container.Cgroups().Processes(controller),
                UnorderedElementsAreArray(inside))
        << controller;
    EXPECT_EQ(
        CgroupDirectoryOf(container.run().pid(), *FindController(controller)),
        CgroupDirectoryOf(getpid(), *FindController(controller)))
        << "run stays where it was started";
  }
  container.End();
}

// The command is inside before its first instruction: what it says of itself
// cannot have been true only later. Several times, for it would be a race.
TEST_F(RunInitCgroupTest, CommandIsInsideFromTheStart) {
  for (int i = 0; i < 10; ++i) {
    const Result result =
        Execute({.args = {"run", "cat", "/proc/self/cgroup"}});
    for (const char* controller : {"memory", "cpu", "cpuset"}) {
      EXPECT_THAT(CgroupDirectoryIn(result.out, *FindController(controller)),
                  testing::ContainsRegex("/mydocker/[0-9a-f]+$"))
          << controller << " in\n"
          << result;
    }
  }
}

TEST_F(RunInitCgroupTest, LimitsAreSetBeforeTheCommandStarts) {
  const uint64_t limit = RandomLimit();
  const ControllerPlace place = *FindController("memory");
  // grep is the command itself, and so the first thing that is executed.
  const Result result = Execute(
      {.args = {"run", "-m", absl::StrCat(limit), "grep", "-rqsx",
                ContainerCgroups::ExpectedMemoryLimit(limit),
                "--include=" + std::string(place.v1 ? "memory.limit_in_bytes"
                                                    : "memory.max"),
                place.mount_point + "/mydocker"}});
  EXPECT_THAT(result, Prints(""));
}

TEST_F(RunInitCgroupTest, LessThanTheLimitIsGranted) {
  const uint64_t limit = RandomLimit();
  EXPECT_THAT(Execute({.args = RunWords({"-m", absl::StrCat(limit)},
                                        TakeMemory(limit - 4 * kMiB))}),
              Prints(""));
}

// Exactly one line, which says what has happened.
MATCHER(IsOomReport, "") {
  return arg.find('\n') == arg.size() - 1 &&
         testing::ExplainMatchResult(
             testing::ContainsRegex("[Oo]ut of memory|OOM"), arg,
             result_listener);
}

// pitfalls: fault 4, a process that the OOM killer ended reported as success.
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

// Only where there is swap: the process has what it wants, but not in RAM.
TEST_F(RunInitCgroupTest, MoreThanTheLimitIsHeldInSwap) {
  const uint64_t limit = RandomLimit();
  const uint64_t excess = 16 * kMiB;
  SKIP_IF(WhyNoTool("stress"));
  SKIP_IF(ExpectedOutcome(excess) == Outcome::kHeld ? "" : "there is no swap");
  HeldContainer container(
      {"-m", absl::StrCat(limit)},
      absl::StrCat("stress --quiet --vm 1 --vm-keep --vm-bytes ",
                   limit + excess, " &"));
  const ContainerCgroups cgroups = container.Cgroups();
  // stress writes to all of its memory again and again.
  EXPECT_TRUE(
      AreHeldAt(limit, excess, [&] { return cgroups.Processes("memory"); }));
  EXPECT_EQ(cgroups.OomKills(), 0u);
  EXPECT_THAT(container.End(), ExitsWith(0));
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

// The articles' own command, in both spellings: stress wants twice what it may.
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
      // stress itself outlives its worker, and says that all is not well.
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
    // It would go on for ever. Process 1 takes only SIGKILL, which follows.
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

// Seconds of processor time that a process has had, itself and in the kernel.
double CpuTimeOf(pid_t pid) {
  const std::string stat = ReadFile(absl::StrCat("/proc/", pid, "/stat"));
  // Behind the name, which is in parentheses: state is field 3, utime 14.
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
  // Counted from when both run, until they have had enough for a fair picture.
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
  // Process 1 has no handler for SIGTERM, so it takes SIGKILL.
  EXPECT_THAT(more.Wait(), ExitsWith(128 + SIGKILL));
  EXPECT_THAT(less.Wait(), ExitsWith(128 + SIGKILL));
}

// pitfalls: fault 14, success that is told and is not true. What is told here
// is held against the kernel's own paths and numbers.
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
  EXPECT_EQ(result.out, "") << "what is told is on standard error";
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
