// Chapter 7: a program that sets a memory limit. The tests read the limit back
// from the kernel's files, and check that the kernel enforces it.

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/memory.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/terminal.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CgroupMemoryTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (!IsSkipped()) {
      SKIP_IF(FindController("memory").has_value()
                  ? ""
                  : "this host has no memory controller");
    }
  }
};

// A limit that no program could guess, in whole pages as the kernel keeps it.
uint64_t RandomLimit() {
  static std::mt19937_64 random(std::random_device{}());
  const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  return std::uniform_int_distribution<uint64_t>(32 * kMiB / page,
                                                 64 * kMiB / page)(random) *
         page;
}

std::vector<std::string> Words(const std::vector<std::string>& flags,
                               const std::vector<std::string>& command) {
  std::vector<std::string> words = flags;
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

// The program while its workload waits for a line of input.
struct Held {
  explicit Held(const std::vector<std::string>& flags,
                const std::string& first = ":")
      : run({.args = Words(flags, {"sh", "-c",
                                   first + "\necho ready; read status; "
                                           "exit ${status:-0}"})}) {
    EXPECT_EQ(run.ReadLine(), "ready");
    processes = DescendantsOf(run.pid());
    EXPECT_GE(processes.size(), 2u)
        << "there should be run, its second process, and the workload";
  }
  pid_t itself() const { return processes.at(0); }
  pid_t workload() const { return processes.at(1); }
  ContainerCgroups Cgroups() const {
    return ContainerCgroups(workload(), {"memory"});
  }
  Result End(int exit_status = 0) {
    run.Write(absl::StrCat(exit_status, "\n"));
    return run.Wait();
  }
  Process run;
  std::vector<pid_t> processes;  // The descendants of run.
};

// The program's final report on standard error, in lines such as "limit:
// 104857600 bytes".
struct Report {
  explicit Report(const std::string& text)
      : limit(NumberIn(text, "limit")),
        peak(NumberIn(text, "peak")),
        oom_kills(NumberIn(text, "OOM")) {}

  // The first number in the line that has this word.
  static uint64_t NumberIn(const std::string& text, const std::string& word) {
    std::smatch found;
    if (!std::regex_search(text, found,
                           std::regex(word + "[^0-9\n]*([0-9]+)"))) {
      ADD_FAILURE() << "no number after " << word << " in\n" << text;
      return 0;
    }
    return std::stoull(found[1]);
  }

  uint64_t limit;
  uint64_t peak;
  uint64_t oom_kills;
};

TEST_F(CgroupMemoryTest, LimitIsTheArticlesUnlessAskedFor) {
  Held held({});
  EXPECT_EQ(held.Cgroups().MemoryLimit(), "104857600");
  held.End();
}

// The program starts itself again through /proc/self/exe, and that second
// process starts the workload. It needs a mark that it is the second: otherwise
// it would start a third, and so on.
TEST_F(CgroupMemoryTest, StartsItselfOnceMoreAndThenTheWorkload) {
  Held held({});
  ASSERT_EQ(held.processes.size(), 2u);
  EXPECT_EQ(NamespacesThatDiffer(held.workload(), getpid()),
            (std::set<std::string>{"uts", "pid", "mnt"}));
  EXPECT_THAT(held.Cgroups().Processes("memory"),
              testing::UnorderedElementsAreArray(held.processes));
  EXPECT_EQ(std::filesystem::read_symlink(
                absl::StrCat("/proc/", held.itself(), "/exe")),
            std::filesystem::canonical(ProgramPath()));
  EXPECT_THAT(StatusField(held.workload(), "PPid"),
              ElementsAre(absl::StrCat(held.itself())));
  EXPECT_EQ(std::filesystem::read_symlink(
                absl::StrCat("/proc/", held.workload(), "/exe")),
            std::filesystem::canonical("/bin/sh"));
  held.End();
}

// … and 101 MB do not fit, or only with the help of swap.
// A process that a signal killed reported as success.
TEST_F(CgroupMemoryTest, MoreThanTheLimitIsKilledOrHeld) {
  for (const uint64_t excess : {1 * kMiB, 100 * kMiB}) {
    const Result result = Execute(
        {.args = Words({"-m", "100m"}, TakeMemory(100 * kMiB + excess))});
    EXPECT_EQ(result.out, "");
    const Report report(result.err);
    EXPECT_EQ(report.limit, 100 * kMiB);
    if (ExpectedOutcome(excess) == Outcome::kKilled) {
      EXPECT_THAT(result, ExitsWith(128 + SIGKILL));
      EXPECT_EQ(report.oom_kills, 1u);
    } else {
      EXPECT_THAT(result, ExitsWith(0));
      EXPECT_EQ(report.oom_kills, 0u);
    }
  }
}

// Without -t, stress runs for ever: with it, on a busy machine it may end
// before it has begun.
Invocation StressUnder100m(const std::string& size) {
  return {.args = {"-m", "100m", "stress", "--vm-bytes", size, "--vm-keep",
                   "-m", "1"}};
}

TEST_F(CgroupMemoryTest, StressOfTheArticlesRunsBelowTheLimit) {
  SKIP_IF(WhyNoTool("stress"));
  const uint64_t size = 98 * kMiB - MemoryOfSanitizers();
  Process run(StressUnder100m(absl::StrCat(size)));
  std::vector<pid_t> processes;
  EXPECT_TRUE(WaitUntil([&] {
    processes = DescendantsOf(run.pid());
    return ResidentMemory(processes) + SwappedMemory(processes) +
               kCounterSlack >=
           size;
  }));
  ASSERT_FALSE(processes.empty());
  EXPECT_EQ(ContainerCgroups(processes.back(), {"memory"}).OomKills(), 0u);
  run.Signal(SIGTERM);
  EXPECT_EQ(Report(run.Wait().err).oom_kills, 0u);
}

// Without arguments: stress allocates 200 MB and is limited to 100.
TEST_F(CgroupMemoryTest, RunsTheArticlesStressByItself) {
  SKIP_IF(WhyNoTool("stress"));
  const uint64_t excess = 100 * kMiB;
  Process run({});
  if (ExpectedOutcome(excess) == Outcome::kKilled) {
    const Result result = run.Wait();
    EXPECT_THAT(result, ExitsWith(1));
    EXPECT_THAT(result.err, HasSubstr("signal 9"));
    EXPECT_EQ(Report(result.err).limit, 100 * kMiB);
    EXPECT_EQ(Report(result.err).oom_kills, 1u);
    return;
  }
  // It runs for ever: it has twice the limit, but half of that in swap.
  EXPECT_TRUE(
      AreHeldAt(100 * kMiB, excess, [&] { return DescendantsOf(run.pid()); }));
  const std::vector<pid_t> processes = DescendantsOf(run.pid());
  ASSERT_FALSE(processes.empty());
  EXPECT_THAT(
      ArgumentsOf(processes.back()),
      ElementsAre("stress", "--vm-bytes", "200m", "--vm-keep", "-m", "1"));
  const ContainerCgroups cgroups(processes.back(), {"memory"});
  EXPECT_EQ(cgroups.MemoryLimit(), "104857600");
  EXPECT_EQ(cgroups.OomKills(), 0u);
  run.Signal(SIGTERM);
  run.Wait();
}

// What it prints agrees with the kernel's files, which the test reads while
// they exist.
TEST_F(CgroupMemoryTest, ReportAgreesWithTheKernel) {
  const uint64_t limit = RandomLimit();
  const uint64_t excess = 16 * kMiB;
  Held held({"-m", absl::StrCat(limit)},
            absl::StrCat(TakeMemoryInShell(limit / 2), "; ",
                         TakeMemoryInShell(limit + excess)));
  const uint64_t oom_kills = held.Cgroups().OomKills();
  EXPECT_EQ(oom_kills, ExpectedOutcome(excess) == Outcome::kKilled ? 1u : 0u);
  const Result result = held.End();
  EXPECT_EQ(result.out, "") << "standard output is the workload's alone";
  const Report report(result.err);
  EXPECT_EQ(report.limit, limit);
  EXPECT_EQ(report.oom_kills, oom_kills);
  EXPECT_LE(report.peak, limit);
  EXPECT_GE(report.peak, limit - kMiB) << "it used all that its limit allows";
}

TEST_F(CgroupMemoryTest, ReportTellsThePeak) {
  const uint64_t limit = RandomLimit();
  const uint64_t taken = limit / 2;
  const Result result =
      Execute({.args = Words({"-m", absl::StrCat(limit)}, TakeMemory(taken))});
  EXPECT_THAT(result, ExitsWith(0));
  const Report report(result.err);
  EXPECT_GE(report.peak, taken);
  // The program itself and dd take a few megabytes more.
  EXPECT_LE(report.peak, taken + 12 * kMiB);
}

// Clean-up that never happens.
TEST_F(CgroupMemoryTest, SignalEndsTheContainer) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    Process run({.args = {"sh", "-c",
                          "trap '' INT TERM HUP; (setsid sleep 1000 &); "
                          "echo ready; sleep 1000; :"}});
    ASSERT_EQ(run.ReadLine(), "ready");
    run.Signal(signal);
    EXPECT_THAT(run.Wait(), ExitsWith(128 + SIGKILL)) << signal;
  }
}

TEST_F(CgroupMemoryTest, SigkillEndsTheContainerAndTheNextRunCleansUp) {
  Held held({}, "(setsid sleep 1000 &)");
  const std::vector<pid_t> inside = DescendantsOf(held.run.pid());
  const std::string directory = held.Cgroups().Directory("memory");
  held.run.Signal(SIGKILL);
  EXPECT_EQ(held.run.Wait().signal, SIGKILL);
  for (const pid_t pid : inside) {
    EXPECT_TRUE(WaitForEnd(pid)) << Describe(pid);
  }
  EXPECT_THAT(Execute({.args = {"true"}}), ExitsWith(0));
  EXPECT_THAT(AllContainerCgroups(), Not(Contains(directory)));
}

TEST_F(CgroupMemoryTest, WrongInputIsToldInOneLine) {
  for (const std::string size :
       {"abc", "0", "-5", "99999999999g", "", "1.5g", "64q"}) {
    EXPECT_THAT(Execute({.args = {"-m", size, "touch", "made"}}),
                FailsInOneLine(125, HasSubstr(size)))
        << size;
  }
  EXPECT_THAT(Execute({.args = {"-m"}}), FailsInOneLine(125, HasSubstr("m")));
  EXPECT_THAT(Execute({.args = {"-nosuch", "touch", "made"}}),
              FailsInOneLine(125, HasSubstr("nosuch")));
}

TEST_F(CgroupMemoryTest, OrdinaryUserIsToldWhatItTakes) {
  EXPECT_THAT(Execute({.args = {"touch", "made"}, .uid = kOrdinaryUser}),
              FailsInOneLine(125, AnyOf(HasSubstr("sudo"), HasSubstr("root"))));
}

// "Nothing is limited, without any error": an ordinary directory with
// ordinary files in place of the cgroup. The fixture would find it.
TEST_F(CgroupMemoryTest, HostWithoutMemoryControllerIsTold) {
  EXPECT_THAT(Execute({.args = {"touch", "made"},
                       .before_exec = HostWithoutController("memory")}),
              FailsInOneLine(125, HasSubstr("memory controller")));
}

}  // namespace
}  // namespace blackbox
