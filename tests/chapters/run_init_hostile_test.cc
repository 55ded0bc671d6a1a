// Chapter 8, `run` and `init`: a host that is full, locked or changing, and a
// container that does not end. See also run_init_error_test.cc (hosts that lack
// something, few descriptors, no more processes), _signal_test.cc (commands
// that ignore signals) and rootfs_pids_test.cc (fork bombs).

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

using RunInitHostileTest = ContainerTest;

const Invocation kEcho = {.args = {"run", "-m", "64m", "sh", "-c", "echo ran"}};

// Returns whether a file can be made in `directory`; if not, errno is the
// reason.
bool CanWrite(const std::string& directory) {
  const std::string file = directory + "/" + RandomName();
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  return fd >= 0 && close(fd) == 0 && unlink(file.c_str()) == 0;
}

// Any user who may open a directory may lock it, for as long as he likes.
TEST_F(RunInitHostileTest, LockOfAnOrdinaryUserStopsNobody) {
  std::set<std::string> directories = {"/run", "/var/lib/mydocker"};
  for (const char* controller : {"memory", "cpu", "cpuset"}) {
    if (const auto place = FindController(controller); place.has_value()) {
      directories.insert(place->mount_point);
      directories.insert(place->mount_point + "/mydocker");
    }
  }
  HeldContainer other;  // So that the mydocker directories exist.
  const bool made = mkdir("/var/lib/mydocker", 0755) == 0;
  std::vector<std::unique_ptr<Process>> locks;
  for (const std::string& directory : directories) {
    locks.push_back(std::make_unique<Process>(
        Invocation{.args = {"--no-fork", directory, "sh", "-c",
                            "echo locked; exec sleep 1000"},
                   .program = "flock",
                   .uid = kOrdinaryUser}));
    EXPECT_EQ(locks.back()->ReadLine(), "locked");
  }
  EXPECT_THAT(Execute(kEcho), Prints("ran\n"));
  EXPECT_THAT(other.End(), ExitsWith(0));
  for (const auto& lock : locks) {
    lock->Signal(SIGTERM);
    lock->Wait();
  }
  if (made) {
    rmdir("/var/lib/mydocker");
  }
}

// Without its record, nothing could find a container again.
TEST_F(RunInitHostileTest, RunOnlyWhereTheContainerCanBeWrittenDown) {
  Invocation invocation = kEcho;
  invocation.before_exec = [] {
    return HostWithMounts(MS_PRIVATE)() &&
           mount("tmpfs", "/run", "tmpfs", 0, "nr_inodes=1") == 0;
  };
  EXPECT_THAT(Execute(invocation),
              FailsInOneLine(125, HasSubstr("make /run/mydocker")));
}

TEST_F(RunInitHostileTest, FullDiskIsNoFault) {
  Invocation invocation = kEcho;
  invocation.before_exec = [] {
    if (!HostWithMounts(MS_PRIVATE)()) {
      return false;
    }
    for (const std::string& directory :
         {WatchedTemporaryDirectory(), std::string("/var/lib")}) {
      // The one inode allowed is the directory itself.
      if (mount("tmpfs", directory.c_str(), "tmpfs", 0, "nr_inodes=1") != 0 ||
          CanWrite(directory) || errno != ENOSPC) {
        return false;
      }
    }
    return true;
  };
  EXPECT_THAT(Execute(invocation), Prints("ran\n"));
}

TEST_F(RunInitHostileTest, FullDiskUnderItsOutputIsTheCommandsAffair) {
  EXPECT_THAT(RunOnHost("\"$RUN\" run -verbose -m 64m sh -c 'echo; exit 5' "
                        ">/dev/full 2>/dev/full; echo $?"),
              Prints("5\n"));
  // Mydocker's own line is lost, its exit status is not.
  EXPECT_THAT(RunOnHost("\"$RUN\" run nosuch 2>/dev/full; echo $?"),
              Prints("127\n"));
}

TEST_F(RunInitHostileTest, ReadOnlyHostIsNoFault) {
  Invocation invocation = kEcho;
  invocation.before_exec = [] {
    return HostWithMounts(MS_PRIVATE)() &&
           mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY,
                 nullptr) == 0 &&
           mount("tmpfs", WatchedTemporaryDirectory().c_str(), "tmpfs",
                 MS_RDONLY, nullptr) == 0 &&
           // /run is in memory on such a host, too.
           mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0 && !CanWrite("/") &&
           !CanWrite(WatchedTemporaryDirectory());
  };
  EXPECT_THAT(Execute(invocation), Prints("ran\n"));
}

TEST_F(RunInitHostileTest, ProcThatHidesProcessesIsNoFault) {
  Invocation invocation = kEcho;
  invocation.before_exec = [] {
    return HostWithMounts(MS_PRIVATE)() &&
           mount("proc", "/proc", "proc", 0, "hidepid=invisible") == 0;
  };
  EXPECT_THAT(Execute(invocation), Prints("ran\n"));
}

// ulimit -u. It does not limit root, and only root may start containers.
TEST_F(RunInitHostileTest, LimitOnProcessesOfAUserIsNoFault) {
  Invocation invocation = kEcho;
  invocation.before_exec = [] {
    const rlimit none = {0, 0};
    return setrlimit(RLIMIT_NPROC, &none) == 0;
  };
  EXPECT_THAT(Execute(invocation), Prints("ran\n"));
}

// Somebody, or the container itself, makes cgroups in the container's.
TEST_F(RunInitHostileTest, CgroupsThatAppearInItsOwnGoWithIt) {
  HeldContainer container;
  for (const std::string& directory : container.Cgroups().Directories()) {
    ASSERT_TRUE(std::filesystem::create_directories(directory + "/one/two"));
  }
  EXPECT_THAT(container.End(5), ExitsWith(5));
}

// The same with processes in them. On v2 a cgroup with processes cannot enable
// controllers for its children, which does not matter here.
TEST_F(RunInitHostileTest, CgroupsInItsOwnGoWithTheirProcesses) {
  HeldContainer container({}, "setsid sleep 1000 &");
  const std::vector<pid_t> all = DescendantsOf(container.run().pid());
  for (const std::string& directory : container.Cgroups().Directories()) {
    const std::string below = directory + "/below";
    ASSERT_TRUE(std::filesystem::create_directory(below));
    for (const char* file : {"/cpuset.cpus", "/cpuset.mems"}) {
      if (std::filesystem::exists(below + file)) {
        std::ofstream(below + file) << ReadFile(directory + file);
      }
    }
    for (const pid_t pid : all) {
      std::ofstream(below + "/cgroup.procs") << pid;
    }
  }
  EXPECT_THAT(container.End(5), ExitsWith(5));
}

TEST_F(RunInitHostileTest, CgroupsBelowThoseOfADeadRunAreRemovedByTheNext) {
  HeldContainer container;
  const std::vector<std::string> directories =
      container.Cgroups().Directories();
  for (const std::string& directory : directories) {
    ASSERT_TRUE(std::filesystem::create_directories(directory + "/one/two"));
  }
  const pid_t init = container.init();
  container.run().Signal(SIGKILL);
  EXPECT_EQ(container.run().Wait().signal, SIGKILL);
  EXPECT_TRUE(WaitForEnd(init));
  EXPECT_THAT(Execute({.args = {"run", "true"}}), Prints(""));
  for (const std::string& directory : directories) {
    EXPECT_THAT(AllContainerCgroups(), Not(Contains(directory)));
  }
}

// The container's exit status matters more than errors afterwards.
TEST_F(RunInitHostileTest, CgroupsThatVanishAreToldAndTheStatusStays) {
  const std::optional<ControllerLocation> memory = FindController("memory");
  SKIP_IF(memory.has_value() ? "" : "this host has no memory controller");
  HeldContainer container({"-m", "64m"});  // It has OOM kills to count.
  const std::vector<std::string> directories =
      container.Cgroups().Directories();
  for (const std::string& directory : directories) {
    const std::filesystem::path root =
        std::filesystem::path(directory).parent_path().parent_path();
    for (const pid_t pid : DescendantsOf(container.run().pid())) {
      std::ofstream(root / "cgroup.procs") << pid;
    }
    EXPECT_TRUE(WaitUntil([&] { return rmdir(directory.c_str()) == 0; }));
  }
  EXPECT_THAT(container.End(5),
              FailsInOneLine(5, HasSubstr("No such file or directory")));
}

// They cannot be killed by pid: each makes one child and exits.
TEST_F(RunInitHostileTest, ProcessesThatForkForEverEndWithTheContainer) {
  Process run({.args = {"run", "-m", "64m", "sh", "-c",
                        "again() { (again) & }; again; echo ready; "
                        "while :; do sleep 1000; done"}});
  ASSERT_EQ(run.ReadLine(), "ready");
  run.Signal(SIGTERM);
  EXPECT_THAT(run.Wait(), ExitsWith(128 + SIGKILL));
}

// A full pipe that nobody reads: standard error of the container and of `run`.
class FullPipe {
 public:
  FullPipe() {
    EXPECT_EQ(pipe2(ends_, O_CLOEXEC | O_NONBLOCK), 0);
    while (write(ends_[1], "x", 1) == 1) {
    }
    EXPECT_EQ(fcntl(ends_[1], F_SETFL, 0), 0);
  }
  ~FullPipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  bool BecomeStandardError() const {
    return dup2(ends_[1], STDERR_FILENO) == STDERR_FILENO;
  }

 private:
  int ends_[2];
};

// Returns whether the process is blocked until somebody reads.
bool WaitsForAReader(pid_t pid) {
  return ReadFile(absl::StrCat("/proc/", pid, "/wchan")).find("pipe_write") !=
         std::string::npos;
}

TEST_F(RunInitHostileTest, ContainerThatFillsStandardErrorCanBeEnded) {
  const FullPipe pipe;
  Process run({.args = {"run", "-m", "64m", "sh", "-c", "echo more >&2"},
               .before_exec = [&] { return pipe.BecomeStandardError(); }});
  ASSERT_TRUE(WaitUntil([&] {
    const std::vector<pid_t> inside = DescendantsOf(run.pid());
    return inside.size() == 1 && WaitsForAReader(inside[0]);
  }));
  run.Signal(SIGTERM);
  EXPECT_THAT(run.Wait(), ExitsWith(128 + SIGKILL));
}

// Neither `init` nor `run` can write why the command did not start.
TEST_F(RunInitHostileTest, RunThatCannotWriteItsErrorCanBeEnded) {
  const FullPipe pipe;
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"run", "nosuch"},
        {"run", "-m", "nonsense", "true"}}) {
    Process run({.args = args,
                 .before_exec = [&] { return pipe.BecomeStandardError(); }});
    ASSERT_TRUE(WaitUntil([&] {
      const std::vector<pid_t> inside = DescendantsOf(run.pid());
      return WaitsForAReader(inside.empty() ? run.pid() : inside[0]);
    }));
    run.Signal(SIGTERM);
    const Result result = run.Wait();
    EXPECT_TRUE(result.signal == SIGTERM || result.exit_status == 128 + SIGKILL)
        << result;
  }
}

}  // namespace
}  // namespace blackbox
