#include "common/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::Not;

Command Shell(const std::string& script) {
  Command command;
  command.argv = {"sh", "-c", script};
  return command;
}

// A child's standard input that does not end as long as this object lives.
class EndlessInput {
 public:
  explicit EndlessInput(Command& command) {
    const int input = fcntl(pipe_.read_end.get(), F_DUPFD_CLOEXEC, 100);
    pipe_.read_end = UniqueFd(input);
    command.in_child.push_back([input]() -> absl::Status {
      return dup2(input, STDIN_FILENO) == STDIN_FILENO
                 ? absl::OkStatus()
                 : ErrnoError(errno, "redirect standard input");
    });
  }

 private:
  Pipe pipe_ = *MakePipe();
};

// ------------------------------------------------------------ the program

TEST(ProgramTest, CanHaveAnotherNameThanItsFile) {
  Command command;
  command.program = "/bin/sh";
  command.argv = {"another name", "-c", "printf %s \"$0\""};
  const absl::StatusOr<Output> output = RunForOutput(command);
  ASSERT_THAT(output, IsOk());
  EXPECT_EQ(output->text, "another name");
}

// ------------------------------------------------------------ its end

TEST(SignalTest, ReachesTheProcess) {
  Command command = Shell("read forever");
  const EndlessInput input(command);
  absl::StatusOr<Child> child = Start(command);
  ASSERT_THAT(child, IsOk());
  EXPECT_GT(child->pid(), 0);
  ASSERT_THAT(child->Signal(SIGTERM), IsOk());
  EXPECT_TRUE(EndsInTime(child->pidfd()));
  // Dead but not waited for, then gone: neither is an error.
  EXPECT_THAT(child->Signal(SIGTERM), IsOk());
  const absl::StatusOr<int> exit_status = child->Wait();
  ASSERT_THAT(exit_status, IsOk());
  EXPECT_EQ(*exit_status, 128 + SIGTERM);
  EXPECT_THAT(child->Signal(SIGTERM), IsOk());
}

TEST(SignalTest, CanBeRefused) {
  Command command = Shell("read forever");
  const EndlessInput input(command);
  absl::StatusOr<Child> child = Start(command);
  ASSERT_THAT(child, IsOk());
  EXPECT_THAT(child->Signal(1000), HasErrno(EINVAL));
}

void HandleSignal(int) {}

TEST(RunTest, LeavesTheKeyboardsSignalsToTheChildFromTheFirstMomentOn) {
  InFork([] {
    struct sigaction before = {};
    before.sa_handler = HandleSignal;
    ASSERT_EQ(sigaction(SIGINT, &before, nullptr), 0);
    signal(SIGQUIT, SIG_DFL);
    // Bits 1 and 2, in the last digit: SIGINT and SIGQUIT. The child neither
    // ignores nor blocks them.
    Command command = Shell(
        "grep -q '^SigIgn:.*[0189]$' /proc/self/status || exit 4\n"
        "grep -q '^SigBlk:.*[0189]$' /proc/self/status || exit 5\n"
        "kill -INT $PPID; kill -QUIT $PPID; exit 3");
    command.in_child = {[]() -> absl::Status {
      kill(getppid(), SIGINT);
      kill(getppid(), SIGQUIT);
      return absl::OkStatus();
    }};
    const absl::StatusOr<int> exit_status = mydocker::Run(command);
    ASSERT_THAT(exit_status, IsOk());
    EXPECT_EQ(*exit_status, 3);
    struct sigaction after = {};
    sigaction(SIGINT, nullptr, &after);
    EXPECT_EQ(after.sa_handler, HandleSignal);
    sigaction(SIGQUIT, nullptr, &after);
    EXPECT_EQ(after.sa_handler, SIG_DFL);
  });
}

TEST(LifetimeTest, EndsWithTheObject) {
  InFork([] {
    Command command = Shell("trap '' TERM HUP INT; read forever");
    const EndlessInput input(command);
    UniqueFd pidfd;
    {
      absl::StatusOr<Child> child = Start(command);
      ASSERT_THAT(child, IsOk());
      pidfd = UniqueFd(dup(child->pidfd()));
      EXPECT_FALSE(HasNoChildren());
    }
    EXPECT_TRUE(EndsInTime(pidfd.get()));
    EXPECT_TRUE(HasNoChildren());
  });
}

TEST(LifetimeTest, GoesOnInTheObjectThatItMovedTo) {
  Command command = Shell("read forever; exit 6");
  std::optional<EndlessInput> input(std::in_place, command);
  absl::StatusOr<Child> child = Start(command);
  ASSERT_THAT(child, IsOk());
  std::vector<Child> moved;
  {
    Child from = *std::move(child);
    moved.push_back(std::move(from));
  }
  input.reset();  // It waits for this end of file.
  const absl::StatusOr<int> exit_status = moved[0].Wait();
  ASSERT_THAT(exit_status, IsOk());
  EXPECT_EQ(*exit_status, 6);
}

// Also if one of its steps has changed the user: the kernel then clears the
// parent-death signal.
class LifetimeAfterStepsTest
    : public testing::TestWithParam<std::vector<Step>> {};

INSTANTIATE_TEST_SUITE_P(Steps, LifetimeAfterStepsTest,
                         testing::Values(std::vector<Step>{},
                                         std::vector<Step>{[] {
                                           BecomeOrdinaryUser();
                                           return absl::OkStatus();
                                         }}));

TEST_P(LifetimeAfterStepsTest, EndsWithTheParent) {
  InFork([] {
    // Orphans become our children, so that we can see how this one ends.
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    Pipe pids = *MakePipe();
    Command command = Shell("trap '' TERM HUP INT; read forever");
    // Held by this process: if the input ended with the parent, the shell would
    // end because of that.
    const EndlessInput input(command);
    command.in_child.insert(command.in_child.end(), GetParam().begin(),
                            GetParam().end());
    const pid_t parent = fork();
    if (parent == 0) {
      const absl::StatusOr<Child> child = Start(command);
      const pid_t pid = child.ok() ? child->pid() : -1;
      [[maybe_unused]] const ssize_t written =
          write(pids.write_end.get(), &pid, sizeof(pid));
      pause();
    }
    pid_t child = -1;
    ASSERT_EQ(read(pids.read_end.get(), &child, sizeof(child)), sizeof(child));
    ASSERT_GT(child, 0);
    const UniqueFd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    kill(parent, SIGKILL);
    ASSERT_EQ(waitpid(parent, nullptr, 0), parent);
    EXPECT_TRUE(EndsInTime(pidfd.get()));
    kill(child, SIGKILL);  // If it still runs, the test must end it.
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  });
}

// ------------------------------------------------------------ its steps

class StepsTest : public testing::Test {
 protected:
  // A step that adds `text` to the file "steps" and then returns `status`.
  Step Add(const std::string& text,
           const absl::Status& status = absl::OkStatus()) {
    return [=, file = directory_.File("steps")] {
      std::ofstream(file, std::ios::app) << text;
      return status;
    };
  }

  // A program that leaves the file "started" behind.
  Command Program() {
    Command command;
    command.argv = {"touch", directory_.File("started")};
    return command;
  }

  TempDirectory directory_;
};

TEST_F(StepsTest, AreTakenInOrderByTheChild) {
  Command command = Program();
  const pid_t parent = getpid();
  command.in_child = {Add("1"), Add("2"),
                      [parent]() -> absl::Status {
                        return getppid() == parent
                                   ? absl::OkStatus()
                                   : absl::InternalError("in whom?");
                      },
                      Add("3")};
  const absl::StatusOr<int> exit_status = mydocker::Run(command);
  ASSERT_THAT(exit_status, IsOk());
  EXPECT_EQ(*exit_status, 0);
  EXPECT_EQ(directory_.Read("steps"), "123");
  EXPECT_TRUE(directory_.Has("started"));
}

TEST_F(StepsTest, FailWithTheirErrorBeforeTheProgramStarts) {
  InFork([this] {
    const absl::Status failure =
        WithExitStatus(ErrnoError(EXDEV, "move the world", "with a lever"), 42);
    Command command = Program();
    command.in_child = {Add("1"), Add("2", failure), Add("3")};
    const absl::StatusOr<Child> child = Start(command);
    EXPECT_EQ(child.status().code(), failure.code());
    EXPECT_EQ(child.status().message(), failure.message());
    EXPECT_THAT(child, AllOf(HasErrno(EXDEV), HasExitStatus(42)));
    EXPECT_EQ(directory_.Read("steps"), "12");
    EXPECT_FALSE(directory_.Has("started"));
    EXPECT_TRUE(HasNoChildren());
  });
}

TEST_F(StepsTest, FailAlsoWithoutErrno) {
  Command command = Program();
  command.in_child = {Add("", absl::NotFoundError(""))};
  const absl::StatusOr<int> exit_status = mydocker::Run(command);
  EXPECT_EQ(exit_status.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(exit_status.status().message(), "");
  EXPECT_THAT(exit_status, AllOf(HasErrno(0), HasExitStatus(125)));
  EXPECT_FALSE(directory_.Has("started"));
}

TEST_F(StepsTest, FailWithAMessageLongerThanAPipe) {
  Command command = Program();
  const std::string message(200'000, 'x');
  command.in_child = {Add("", absl::InternalError(message))};
  EXPECT_TRUE(mydocker::Run(command).status().message() == message);
}

// ------------------------------------------------------------ what fails

class CannotExecuteTest : public testing::Test {
 protected:
  // The error of starting the file `command`, which the user has named.
  absl::Status StartFile(const std::string& file) {
    Command command;
    command.argv = {file};
    return Start(command).status();
  }

  TempDirectory directory_;
};

// For a program that the caller has chosen, 126 and 127 would be wrong: they
// stand for an error in the user's command.
TEST_F(CannotExecuteTest, IsTheCallersFailureIfItNamedTheProgram) {
  for (const auto& [program, error] :
       {std::pair{directory_.File("none"), ENOENT},
        std::pair{directory_.path(), EACCES},
        std::pair{directory_.Write("text", "no format\n", 0755), ENOEXEC}}) {
    Command command;
    command.program = program;
    command.argv = {"the-program"};
    EXPECT_THAT(Start(command), AllOf(HasErrno(error), HasExitStatus(125),
                                      Says("execute " + program)));
  }
}

// A clone that fails must be an error: its result, used as a pid, would put
// another process into the container's cgroup.
TEST(CloneFailureTest, IsAnErrorForFlagsThatExcludeEachOther) {
  InFork([] {
    for (const uint64_t flags : {CLONE_NEWNS | CLONE_FS,    // clone(2), EINVAL.
                                 CLONE_NEWUSER | CLONE_FS,  // The same.
                                 CLONE_THREAD}) {
      Command command = Shell("exit 0");
      command.clone_flags = flags;
      EXPECT_THAT(Start(command), AllOf(HasErrno(EINVAL), HasExitStatus(125)));
      EXPECT_TRUE(HasNoChildren());
    }
  });
}

TEST(CloneFailureTest, SaysThatTooManyProcessesExist) {
  InFork([] {
    BecomeOrdinaryUser();
    SetLimit(RLIMIT_NPROC, 0);
    EXPECT_THAT(Start(Shell("exit 0")),
                AllOf(HasErrno(EAGAIN), Says("ulimit -u")));
    EXPECT_TRUE(HasNoChildren());
  });
}

TEST(CloneFailureTest, IsAnErrorForACgroupThatIsNone) {
  InFork([] {
    TempDirectory directory;
    const UniqueFd no_cgroup(open(directory.path().c_str(), O_DIRECTORY));
    Command command = Shell("exit 0");
    command.into_cgroup = no_cgroup.get();
    EXPECT_THAT(Start(command), Not(IsOk()));
    EXPECT_TRUE(HasNoChildren());
  });
}

}  // namespace
}  // namespace mydocker
