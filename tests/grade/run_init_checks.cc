// Chapter 8: the container.

#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/grade/cgroups.h"
#include "tests/grade/grade.h"
#include "tests/support/chapter.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

TEST_F(Grade, CpuShare) {
  SKIP_IF(WhyNoController("cpu"));
  const int shares = RandomNumber(100, 900);
  const Shell shell({"-cpushare", absl::StrCat(shares)});
  if (shell.IsThere()) {
    ExpectLimit(shell, kCpuShares, ContainerCgroups::ExpectedCpuShares(shares));
  }
}

TEST_F(Grade, CpuSet) {
  SKIP_IF(WhyNoController("cpuset"));
  const std::string cpu = absl::StrCat(
      RandomNumber(0, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)) - 1));
  const Shell shell({"-cpuset", cpu});
  if (shell.IsThere()) {
    ExpectLimit(shell, kCpus, cpu);
  }
}

TEST_F(Grade, NoLimitUnlessAskedFor) {
  SKIP_IF(WhyNoController("memory"));
  const Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  ExpectLimit(shell, kMemoryLimit, ContainerCgroups::NoMemoryLimit());
  if (FindController("cpu").has_value()) {
    ExpectLimit(shell, kCpuShares, ContainerCgroups::DefaultCpuShares());
  }
}

TEST_F(Grade, NoInputUnlessInteractive) {
  Invocation invocation = Asking({"cat"});
  invocation.input = RandomName() + "\n";
  Answer answer = Try(invocation);
  answer.ran = "echo " + invocation.input.substr(0, 13) + " | " + answer.ran;
  answer.Expect(answer.Status() == 0 && answer.out.empty(),
                "exit status 0, no output: without -ti its input is empty");
}

TEST_F(Grade, BadLimitsAreRefused) {
  for (const Words& flags : {Words{"-m", RandomName()},
                             {"-cpuset", RandomName()},
                             {"-cpushare", RandomName()}}) {
    const Answer answer = Try({"echo", "started"}, flags);
    if (!answer.Expect(
            answer.Status() == 125 && answer.out.empty() && !answer.err.empty(),
            "exit status 125, no output: the command is not started\n"
            "errors: a message")) {
      return;
    }
  }
}

// Exercises: exec and ps.

// `exec PID` and a shell.
Invocation ExecInto(pid_t pid) {
  Invocation invocation = AskingForAShell();
  const size_t own = ChapterUnderTest().before_command.size() + 1;  // And -ti.
  invocation.args.erase(invocation.args.begin(),
                        invocation.args.begin() + static_cast<int>(own));
  invocation.args.insert(invocation.args.begin(), {"exec", absl::StrCat(pid)});
  return invocation;
}

TEST_F(Grade, ExecIsInTheNamespaces) {
  const Shell one;
  if (!one.IsThere()) {
    return;
  }
  const Shell other(ExecInto(one.pid()));
  if (!other.IsThere()) {
    return;
  }
  const std::set<std::string> own =
      NamespacesThatDiffer(one.pid(), other.pid());
  other.Expect(own.empty(), "namespaces other than the container's: none",
               "namespaces other than the container's: " + Join(own));
}

TEST_F(Grade, ExecIsInTheCgroups) {
  SKIP_IF(WhyNoController("memory"));
  const Shell one({"-m", "64m"});
  if (!one.IsThere()) {
    return;
  }
  const Shell other(ExecInto(one.pid()));
  if (other.IsThere()) {
    const std::string wanted = PathOf(kMemoryLimit, one.pid());
    const std::string came = PathOf(kMemoryLimit, other.pid());
    other.Expect(came == wanted, "its limit is " + wanted,
                 "its limit is " + came);
  }
}

TEST_F(Grade, ExecStatus) {
  const Shell one;
  if (!one.IsThere()) {
    return;
  }
  const int status = RandomNumber(3, 120);
  Try(Invocation{.args = {"exec", absl::StrCat(one.pid()), "sh", "-c",
                          absl::StrCat("exit ", status)}})
      .ExpectStatus(status);
}

TEST_F(Grade, ListOfContainers) {
  const Shell one;
  const Shell other;
  if (!one.IsThere() || !other.IsThere()) {
    return;
  }
  const Answer list = Try(Invocation{.args = {"ps"}});
  const Words lines = absl::StrSplit(list.out, '\n');
  for (const pid_t pid : {one.pid(), other.pid()}) {
    const std::string number = absl::StrCat(pid);
    const bool listed =
        std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
          const Words words =
              absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
          return std::count(words.begin(), words.end(), number) > 0;
        });
    if (!list.Expect(listed, absl::StrCat("a line with the number ", number,
                                          ", of a container's process 1"))) {
      return;
    }
  }
}

TEST_F(Grade, ListForgetsTheEnded) {
  std::string number;
  {
    const Shell shell;
    number = absl::StrCat(shell.pid());
  }
  const Answer list = Try(Invocation{.args = {"ps"}});
  const Words words =
      absl::StrSplit(list.out, absl::ByAnyChar(" \t\n"), absl::SkipEmpty());
  list.Expect(
      list.Status() == 0 && std::count(words.begin(), words.end(), number) == 0,
      absl::StrCat("exit status 0, and no line with ", number,
                   ", a container that has ended"));
}

}  // namespace
}  // namespace blackbox
