// Chapter 8, `run` and `init`: signals. Whatever ends `run` ends the container,
// and leaves nothing; the fixture checks that after each test.

#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/hosts_shell.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/terminal.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using RunInitSignalTest = ContainerTest;

// A moment in the life of `run true`: before, while, or just after it runs.
class RandomMoment {
 public:
  RandomMoment() : random_(std::random_device{}()) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
    whole_ = std::chrono::steady_clock::now() - start;
  }
  void Sleep() {
    std::uniform_real_distribution<> part(0, 1.3);
    std::this_thread::sleep_for(part(random_) * whole_);
  }

 private:
  std::mt19937 random_;
  std::chrono::duration<double> whole_;
};

// Waits until the container executes its command, sleep 1000.
bool WaitForSleep(pid_t run) {
  return WaitUntil([run] {
    return ArgumentsOf(FindInit(run)) ==
           std::vector<std::string>{"sleep", "1000"};
  });
}

// Process 1 of a PID namespace gets no signal that it has no handler for
// (pid_namespaces(7)), so the command must handle these, or `run` must send
// SIGKILL afterwards.
class RunInitEndingSignalTest : public RunInitSignalTest,
                                public testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(All, RunInitEndingSignalTest,
                         testing::Values(SIGINT, SIGTERM, SIGHUP, SIGQUIT),
                         [](const auto& info) {
                           return absl::StrCat("SIG", sigabbrev_np(info.param));
                         });

TEST_P(RunInitEndingSignalTest, EndsACommandThatDoesNotHandleIt) {
  Process unaware({.args = {"run", "sleep", "1000"}});
  Process ignoring({.args = {"run", "sh", "-c",
                             absl::StrCat("trap '' ", sigabbrev_np(GetParam()),
                                          "; echo ready; sleep 1000; :")}});
  ASSERT_TRUE(WaitForSleep(unaware.pid()));
  ASSERT_EQ(ignoring.ReadLine(), "ready");
  unaware.Signal(GetParam());
  ignoring.Signal(GetParam());
  EXPECT_THAT(unaware.Wait(), ExitsWith(128 + SIGKILL));
  EXPECT_THAT(ignoring.Wait(), ExitsWith(128 + SIGKILL));
}

TEST_P(RunInitEndingSignalTest, ReachesACommandThatHandlesIt) {
  for (const char* flag : {"-ti", "-verbose=false"}) {
    Process run({.args = {"run", flag, "sh", "-c",
                          absl::StrCat("trap 'echo told; exit 7' ",
                                       sigabbrev_np(GetParam()),
                                       "; echo ready; sleep 1000 & wait")}});
    ASSERT_EQ(run.ReadLine(), "ready") << flag;
    run.Signal(GetParam());
    EXPECT_EQ(run.ReadLine(), "told") << flag;
    EXPECT_THAT(run.Wait(), ExitsWith(7)) << flag;
  }
}

// At any moment, not only while the command runs: run may be making cgroups,
// waiting for the child, removing cgroups.
TEST_P(RunInitEndingSignalTest, LeavesNothingWheneverItComes) {
  RandomMoment moment;
  const std::vector<std::string> before = AllContainerCgroups();
  for (int i = 0; i < 20; ++i) {
    Process run({.args = {"run", "-m", "64m", "true"}});
    moment.Sleep();
    run.Signal(GetParam());
    // The signal came before run was ready for it, or after the end, or
    // between.
    const Result result = run.Wait();
    EXPECT_TRUE(result.signal == GetParam() || result.exit_status == 0 ||
                result.exit_status > 128)
        << result;
    // Checked here, not only by the fixture: the next run removes what this one
    // leaves.
    EXPECT_EQ(AllContainerCgroups(), before);
  }
}

// Every signal that `run` can catch, also the two that glibc reserves, 32 and
// 33: `run` passes it on or ends the container, and leaves nothing.
TEST_F(RunInitSignalTest, NoSignalThatCanBeCaughtEndsRunAlone) {
  const std::vector<std::string> before = AllContainerCgroups();
  for (int number = 1; number <= SIGRTMAX; ++number) {
    if (number == SIGKILL || number == SIGSTOP || number == SIGTSTP ||
        number == SIGTTIN || number == SIGTTOU) {
      continue;
    }
    SCOPED_TRACE(number);
    Process run({.args = {"run", "-m", "64m", "sleep", "1000"}});
    ASSERT_TRUE(WaitForSleep(run.pid()));
    run.Signal(number);
    // After a second ending signal, `run` sends SIGKILL at once.
    run.Signal(SIGTERM);
    run.Signal(SIGINT);
    EXPECT_THAT(run.Wait(), ExitsWith(128 + SIGKILL));
    EXPECT_EQ(AllContainerCgroups(), before);
  }
}

TEST_F(RunInitSignalTest, PassesOnWhatDoesNotMeanTheEnd) {
  for (const int number :
       {SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGURG, SIGRTMIN, SIGRTMAX}) {
    SCOPED_TRACE(number);
    Process run({.args = {"run", "-ti", "sh", "-c",
                          absl::StrCat("trap 'echo told' ", number,
                                       "; echo ready; until read word; do :; "
                                       "done; exit 7")}});
    ASSERT_EQ(run.ReadLine(), "ready");
    // The shell forgets a signal that comes just before it reads.
    ASSERT_TRUE(WaitForState(FindInit(run.pid()), "S"));
    run.Signal(number);
    EXPECT_EQ(run.ReadLine(), "told");
    // No SIGKILL follows.
    run.Write("word\n");
    EXPECT_THAT(run.Wait(), ExitsWith(7));
  }
}

// As if it came while `run` unpacks layers or waits for a lock: `run` blocks it
// from the start, so it stays pending.
TEST_P(RunInitEndingSignalTest, StartsNothingIfItCameBefore) {
  const int number = GetParam();
  const Result result =
      Execute({.args = {"run", "touch", "made"}, .before_exec = [number] {
                 sigset_t set;
                 sigemptyset(&set);
                 sigaddset(&set, number);
                 return sigprocmask(SIG_BLOCK, &set, nullptr) == 0 &&
                        raise(number) == 0;
               }});
  // The fixture would find the file.
  EXPECT_THAT(result,
              FailsInOneLine(128 + number, HasSubstr(sigabbrev_np(number))));
}

// At the caller's limit on CPU time the kernel sends SIGXCPU, for which process
// 1 has no handler, and then SIGKILL, from which nothing protects it.
TEST_F(RunInitSignalTest, CallersLimitOnCpuTimeEndsTheContainerOnly) {
  EXPECT_THAT(Execute({.args = {"run", "sh", "-c", "while :; do :; done"},
                       .before_exec =
                           [] {
                             const rlimit second = {1, 1};
                             return setrlimit(RLIMIT_CPU, &second) == 0;
                           }}),
              ExitsWith(128 + SIGKILL));
}

// The exit status is the container's, whatever fails afterwards.
TEST_F(RunInitSignalTest, FailureToCleanUpDoesNotTakeThePlaceOfTheStatus) {
  HeldContainer container({"-m", "64m"});
  const std::string directory = container.Cgroups().Directories()[0];
  const std::string hierarchy =
      directory.substr(0, directory.find("/mydocker"));
  struct statvfs mounted = {};
  ASSERT_EQ(statvfs(hierarchy.c_str(), &mounted), 0);
  const unsigned long flags =
      MS_REMOUNT | MS_BIND |
      (mounted.f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC));
  ASSERT_EQ(
      mount(nullptr, hierarchy.c_str(), nullptr, flags | MS_RDONLY, nullptr),
      0);
  const Result result = container.End(6);
  ASSERT_EQ(mount(nullptr, hierarchy.c_str(), nullptr, flags, nullptr), 0);
  EXPECT_THAT(result, ExitsWith(6));
  EXPECT_THAT(result.err, HasSubstr("EROFS"));
  // The next run removes what this one could not.
  EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
}

// On a terminal the kernel sends Ctrl-C to the whole foreground process group:
// to the command and to run.
TEST_F(RunInitSignalTest, ControlCIsForTheProgramInsideWithTi) {
  // A signal interrupts `read`, or comes between two reads.
  Terminal terminal(
      {.args = {"run", "-ti", "sh", "-c",
                "trap 'echo interrupted' INT; trap 'echo quit' QUIT; "
                "echo ready; until read go; do :; done; "
                // Longer than the grace period that `run` gives a command.
                "sleep 3; echo alive; read status; exit $status"}});
  terminal.Expect("ready");
  for (int i = 0; i < 2; ++i) {
    terminal.Type(kCtrlC);
    terminal.Expect("interrupted");
  }
  terminal.Type("\x1c");  // Ctrl-backslash.
  terminal.Expect("quit");
  terminal.Type("go\n");
  terminal.Expect("alive");
  terminal.Type("4\n");
  EXPECT_THAT(terminal.Wait(), ExitsWith(4));
}

TEST_F(RunInitSignalTest, ControlCEndsTheContainerWithoutTi) {
  Terminal terminal({.args = {"run", "sleep", "1000"}});
  ASSERT_TRUE(WaitForSleep(terminal.pid()));
  terminal.Type(kCtrlC);
  EXPECT_THAT(terminal.Wait(), ExitsWith(128 + SIGKILL));
}

// All processes of a container and the directories of its cgroups.
struct Remains {
  explicit Remains(HeldContainer& container)
      : processes(DescendantsOf(container.run().pid())),
        cgroups(container.Cgroups().Directories()) {}
  std::vector<pid_t> processes;
  std::vector<std::string> cgroups;
};

void KillRun(HeldContainer& container) {
  container.run().Signal(SIGKILL);
  const Result result = container.run().Wait();
  EXPECT_EQ(result.signal, SIGKILL) << result;
}

TEST_F(RunInitSignalTest, CleaningUpSparesTheLiving) {
  HeldContainer alive({"-m", "48m", "-cpushare", "300"});
  HeldContainer dead({"-m", "64m"});
  const Remains remains(dead);
  KillRun(dead);
  for (const pid_t pid : remains.processes) {
    EXPECT_TRUE(WaitForEnd(pid)) << Describe(pid);
  }
  EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
  for (const std::string& directory : remains.cgroups) {
    EXPECT_THAT(AllContainerCgroups(), Not(Contains(directory)));
  }
  const ContainerCgroups cgroups = alive.Cgroups();
  EXPECT_EQ(cgroups.MemoryLimit(),
            ContainerCgroups::ExpectedMemoryLimit(48 << 20));
  EXPECT_EQ(cgroups.CpuShares(), ContainerCgroups::ExpectedCpuShares(300));
  EXPECT_THAT(cgroups.Processes("memory"), ElementsAre(alive.init()));
  EXPECT_THAT(alive.End(5), ExitsWith(5));
}

// A container's directory records who watches it. Here, a process in a cgroup
// with a container's name stands for a container that is nobody's child: the
// program that cloned it has exited.
TEST_F(RunInitSignalTest, WhatNobodyWatchesIsNotAbandoned) {
  const std::string id = "0123456789ab";
  const std::string record = "/run/mydocker/" + id;
  const std::string cgroup =
      FindController("memory")->mount_point + "/mydocker/" + id;
  // The child is an orphan, so the program that made it has exited.
  ASSERT_TRUE(std::filesystem::create_directories(cgroup));
  const Result result = RunOnHost(absl::StrCat(
      "setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! | tee ", cgroup,
      "/cgroup.procs"));
  const pid_t left = std::stoi(result.out);
  const auto next_run = [] {
    EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
  };
  next_run();  // It has no directory at all.
  EXPECT_TRUE(IsAlive(left));
  ASSERT_TRUE(std::filesystem::create_directories(record));
  std::filesystem::create_symlink("nobody", record + "/watcher");
  std::filesystem::create_symlink("mydocker/" + id, record + "/cgroup");
  next_run();
  EXPECT_TRUE(IsAlive(left));
  EXPECT_TRUE(std::filesystem::exists(cgroup));

  // Now the recorded watcher is a `run` that has ended.
  HeldContainer other;
  const std::string watcher = std::filesystem::read_symlink(
      "/run/mydocker/" + other.Cgroups().id() + "/watcher");
  const std::vector<std::string> words =
      absl::StrSplit(watcher, absl::MaxSplits(' ', 2));
  EXPECT_EQ(words[0], absl::StrCat(other.run().pid()));
  EXPECT_THAT(other.End(), ExitsWith(0));
  std::filesystem::remove(record + "/watcher");
  std::filesystem::create_symlink(watcher, record + "/watcher");
  next_run();
  EXPECT_TRUE(WaitForEnd(left));
  EXPECT_FALSE(std::filesystem::exists(cgroup));
  EXPECT_FALSE(std::filesystem::exists(record));
}

// As of a run that was killed at the very end of its clean-up.
TEST_F(RunInitSignalTest, LockOfAKilledRunIsRemoved) {
  const std::string directory = "/run/mydocker";
  ASSERT_EQ(mkdir(directory.c_str(), 0700), 0);
  std::ofstream(directory + "/abandoned.lock").close();
  EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
  EXPECT_NE(access(directory.c_str(), F_OK), 0);
}

TEST_F(RunInitSignalTest, SigkillOfRunEndsTheContainerWheneverItComes) {
  RandomMoment moment;
  for (int i = 0; i < 40; ++i) {
    Process run({.args = {"run", "-m", "64m", "sleep", "1000"}});
    moment.Sleep();
    run.Signal(SIGKILL);
    EXPECT_EQ(run.Wait().signal, SIGKILL);
  }
  // The descendants of run become the test's children when run is gone.
  EXPECT_TRUE(WaitUntil([] {
    const std::vector<pid_t> left = DescendantsOf(getpid());
    return std::none_of(left.begin(), left.end(), IsAlive);
  }));
  EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
}

}  // namespace
}  // namespace blackbox
