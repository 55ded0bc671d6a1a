// Chapter 8: the container.

#include <signal.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/grade/cgroups.h"
#include "tests/grade/grade.h"
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

}  // namespace
}  // namespace blackbox
