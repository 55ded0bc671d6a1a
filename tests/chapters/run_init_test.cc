// Chapter 8, `run` and `init`: what a container is. Its namespaces, its /proc,
// its process 1, its standard streams, how it ends.
//
// run_init_*_test.cc beside this one are for arguments, limits, signals, errors
// and many containers at once.

#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{
      "08-run-init", {"uts", "ipc", "pid", "mnt", "net"}, {"run", "-ti"}};
  return chapter;
}

namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using RunInitTest = ContainerTest;

TEST_F(RunInitTest, HasNamespacesOfItsOwnButTheHostsUsers) {
  HeldContainer container;
  EXPECT_EQ(NamespacesThatDiffer(container.init(), getpid()),
            ChapterUnderTest().namespaces);
  EXPECT_THAT(NamespacesThatDiffer(container.run().pid(), getpid()), IsEmpty())
      << "run itself stays on the host";
  EXPECT_THAT(container.End(), ExitsWith(0));
}

TEST_F(RunInitTest, HostNameSetInsideIsNotTheHosts) {
  char before[HOST_NAME_MAX + 1] = {};
  ASSERT_EQ(gethostname(before, sizeof(before)), 0);
  const std::string name = RandomName();
  EXPECT_THAT(
      Execute(
          {.args = {"run", "sh", "-c",
                    "echo \"$0\" >/proc/sys/kernel/hostname; uname -n", name}}),
      Prints(name + "\n"));
  char after[HOST_NAME_MAX + 1] = {};
  ASSERT_EQ(gethostname(after, sizeof(after)), 0);
  EXPECT_STREQ(after, before);
}

TEST_F(RunInitTest, CommandIsProcessOneInPlaceOfInit) {
  EXPECT_THAT(Execute({.args = {"run", "sh", "-c", "echo $$"}}), Prints("1\n"));

  HeldContainer container;
  EXPECT_EQ(NamespacePids(container.init()).back(), 1);
  // execve has replaced init: the kernel says that the file is the shell's, and
  // no second process of the program is left inside.
  EXPECT_EQ(std::filesystem::read_symlink(
                absl::StrCat("/proc/", container.init(), "/exe")),
            std::filesystem::canonical("/bin/sh"));
  EXPECT_THAT(DescendantsOf(container.run().pid()),
              ElementsAre(container.init()));
  container.End();
}

TEST_F(RunInitTest, ProcShowsTheContainersProcessesOnly) {
  EXPECT_THAT(Execute({.args = {"run", "sh", "-c", "echo /proc/[0-9]*"}}),
              Prints("/proc/1\n"));
}

// What is mounted where, without the numbers that differ between namespaces.
std::vector<std::string> MountsOf(pid_t pid) {
  return ReadLines(absl::StrCat("/proc/", pid, "/mounts"));
}

// The host of these tests has a shared /, as systemd makes it (ContainerTest).
// Without private mounts first, the container's /proc would travel there and
// hide the host's own.
TEST_F(RunInitTest, MountsInsideAreNotSeenOutside) {
  const std::vector<std::string> before = MountsOf(getpid());
  HeldContainer container({}, "mount -t tmpfs tmpfs /mnt");
  EXPECT_THAT(MountsOf(container.init()), Contains(HasSubstr(" /mnt tmpfs ")));
  EXPECT_EQ(MountsOf(getpid()), before);
  EXPECT_EQ(MountsOf(container.run().pid()), before)
      << "run itself stays on the host";
  EXPECT_EQ(std::filesystem::read_symlink("/proc/self"), absl::StrCat(getpid()))
      << "the host's /proc still shows the host's processes";
  container.End();
}

TEST_F(RunInitTest, MountsOutsideDoNotComeInside) {
  HeldContainer container;
  ASSERT_EQ(mount("tmpfs", "/mnt", "tmpfs", 0, nullptr), 0);
  EXPECT_THAT(MountsOf(container.init()),
              Not(Contains(HasSubstr(" /mnt tmpfs "))));
  EXPECT_EQ(umount("/mnt"), 0);
  container.End();
}

TEST_F(RunInitTest, NetworkHasNothingButLoopback) {
  const Result result = Execute({.args = {"run", "cat", "/proc/net/dev"}});
  // Two lines of heading, then a line for each device.
  const std::vector<std::string> lines =
      absl::StrSplit(result.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u) << result;
  EXPECT_THAT(lines[2], HasSubstr("lo:"));
}

TEST_F(RunInitTest, ExitStatusIsTheCommands) {
  std::set<int> statuses = {0, 1, 2, 124, 128, 255};
  std::random_device random;
  while (statuses.size() < 9) {
    statuses.insert(static_cast<int>(random() % 256));
  }
  for (const int status : statuses) {
    EXPECT_THAT(
        Execute({.args = {"run", "sh", "-c", absl::StrCat("exit ", status)}}),
        ExitsWith(status));
  }
}

// pitfalls: fault 4, a process killed by a signal reported as success.
TEST_F(RunInitTest, ExitStatusOfCommandThatSignalEndedIs128MoreThanTheSignal) {
  HeldContainer container;
  kill(container.init(), SIGKILL);
  EXPECT_THAT(container.End(), ExitsWith(128 + SIGKILL));
}

TEST_F(RunInitTest, ExitStatusTellsOneSignalFromAnother) {
  // Process 1 of a PID namespace gets no signal from inside that it does not
  // handle, but the fault of an instruction ends it: here a read of address 8.
  const Result result =
      Execute({.args = {"run", "perl", "-e", "unpack('p', pack('J', 8))"},
               .before_exec = [] {
                 const rlimit no_core_file = {};
                 return setrlimit(RLIMIT_CORE, &no_core_file) == 0;
               }});
  EXPECT_THAT(result, ExitsWith(128 + SIGSEGV));
}

// A caller that ignores SIGCHLD has its children reaped by the kernel, statuses
// and all (waitpid(2)), and the disposition outlives execve.
TEST_F(RunInitTest, ExitStatusIsTheCommandsWhereTheCallerIgnoresSigchld) {
  EXPECT_THAT(Execute({.args = {"run", "sh", "-c", "exit 7"},
                       .before_exec =
                           [] { return signal(SIGCHLD, SIG_IGN) != SIG_ERR; }}),
              ExitsWith(7));
}

TEST_F(RunInitTest, StandardInputIsEmptyWithoutTi) {
  EXPECT_THAT(
      Execute({.args = {"run", "cat"}, .input = "for the container?\n"}),
      Prints(""));
}

TEST_F(RunInitTest, StandardInputIsTheCallersWithTi) {
  std::string text = RandomName() + "\n";
  text.append(1 << 20, 'x');  // More than a pipe holds.
  for (const char* flag : {"-ti", "-it"}) {
    const Result result =
        Execute({.args = {"run", flag, "cat"}, .input = text});
    EXPECT_THAT(result, ExitsWith(0)) << flag;
    EXPECT_EQ(result.err, "") << flag;
    // Not EXPECT_EQ: a megabyte is no message.
    EXPECT_TRUE(result.out == text) << flag << ": " << result.out.size();
  }
}

TEST_F(RunInitTest, OutputAndErrorsAreTheContainersAlone) {
  const Result result = Execute(
      {.args = {"run", "-m", "64m", "sh", "-c", "echo out; echo err >&2"}});
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_EQ(result.out, "out\n");
  EXPECT_EQ(result.err, "err\n");
}

TEST_F(RunInitTest, ClosedStandardStreamIsNoFault) {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    for (const char* flag : {"-ti", "-m=64m"}) {
      EXPECT_THAT(Execute({.args = {"run", flag, "sh", "-c", "exit 3"},
                           .closed_files = {stream}}),
                  ExitsWith(3))
          << flag << " without descriptor " << stream;
    }
  }
}

// What the program opens first must not become the container's standard stream.
TEST_F(RunInitTest, ClosedStandardStreamsShowTheContainerNothing) {
  HeldContainer container({}, ":", {.closed_files = {STDERR_FILENO}});
  EXPECT_EQ(std::filesystem::read_symlink(
                absl::StrCat("/proc/", container.init(), "/fd/2")),
            "/dev/null");
  container.End();
}

TEST_F(RunInitTest, ReaderThatIsGoneIsNoFault) {
  // The pipe's reader comes, so that it can be opened, and goes. What run
  // -verbose then writes to it would end run by SIGPIPE, cgroups and all.
  const Result result = RunOnHost(
      "mkfifo \"$TMPDIR/pipe\"; : <\"$TMPDIR/pipe\" & "
      "exec 3>\"$TMPDIR/pipe\"; wait; rm \"$TMPDIR/pipe\"; "
      "\"$RUN\" run -verbose sh -c 'echo 2; exit 5' >&3 2>&3; echo $?");
  EXPECT_THAT(result, Prints("5\n"));
}

// pitfalls: fault 12, descriptors of the caller leak into the container.
TEST_F(RunInitTest, StandardStreamsAreAllThatIsOpenInside) {
  HeldContainer container({"-m", "64m"}, ":",
                          {.open_files = {3, 4, 5, 9, 10, 200, 1000}});
  EXPECT_THAT(OpenFiles(container.init()), ElementsAre(0, 1, 2));
  container.End();
}

TEST_F(RunInitTest, EnvironmentIsTheCallers) {
  const std::vector<std::string> environment = {
      absl::StrCat("PATH=", getenv("PATH")),
      "EMPTY=",
      "SPACES= a  b ",
      "LINES=1\n2",
      "BYTES=\xff\xfe",
      "NAME=" + RandomName()};
  HeldContainer container({}, ":", {.environment = environment});
  std::vector<std::string> inside = absl::StrSplit(
      ReadFile(absl::StrCat("/proc/", container.init(), "/environ")), '\0');
  inside.pop_back();  // Behind the last one's terminating null.
  EXPECT_EQ(inside, environment);
  container.End();
}

TEST_F(RunInitTest, WorkingDirectoryIsTheCallers) {
  EXPECT_THAT(Execute({.args = {"run", "pwd"}, .directory = TestDirectory()}),
              Prints(TestDirectory() + "\n"));
}

TEST_F(RunInitTest, SignalsAreAsTheCallerHasThem) {
  // proc(5): the masks of blocked and of ignored signals. What run blocks and
  // ignores for its own sake must not reach the command; what the caller
  // ignores must.
  const std::vector<std::string> look = {"grep", "-E",
                                         "^Sig(Blk|Ign):", "/proc/self/status"};
  const auto ignore_hangup = [] { return signal(SIGHUP, SIG_IGN) != SIG_ERR; };
  const Result on_host = Execute({.args = {look.begin() + 1, look.end()},
                                  .program = look[0],
                                  .before_exec = ignore_hangup});
  const Result inside =
      Execute({.args = RunWords({}, look), .before_exec = ignore_hangup});
  ASSERT_THAT(on_host, ExitsWith(0));
  EXPECT_THAT(inside, Prints(on_host.out));
}

// pitfalls: fault 3, clean-up that never happens: here of what outlives process
// 1, an orphan in a session of its own that ignores polite signals.
TEST_F(RunInitTest, DaemonEndsWithTheContainer) {
  HeldContainer container(
      {},
      "(setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000; :' &); "
      "sleep 1000 &");
  const std::vector<pid_t> inside = DescendantsOf(container.run().pid());
  ASSERT_GE(inside.size(), 3u);
  EXPECT_THAT(container.End(3), ExitsWith(3));
  for (const pid_t pid : inside) {
    EXPECT_FALSE(IsAlive(pid)) << Describe(pid);
  }
}

}  // namespace
}  // namespace blackbox
