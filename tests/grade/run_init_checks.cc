// Chapter 8: the container.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
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
  if (!shell.IsThere()) {
    return;
  }
  ExpectLimit(shell, kCpus, cpu);
  const std::string look = absl::StrCat("host$ grep Cpus_allowed_list /proc/",
                                        shell.pid(), "/status\n");
  const std::string came =
      absl::StrJoin(StatusField(shell.pid(), "Cpus_allowed_list"), " ");
  shell.ExpectSeen(look, came, cpu);
}

TEST_F(Grade, NoLimitUnlessAskedFor) {
  SKIP_IF(WhyNoController("memory"));
  const Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  ExpectNoLimit(shell, kMemoryLimit, ContainerCgroups::NoMemoryLimit());
  if (FindController("cpu").has_value()) {
    ExpectNoLimit(shell, kCpuShares, ContainerCgroups::DefaultCpuShares());
  }
  if (FindController("cpuset").has_value()) {
    // If nothing was written, the cgroup's own file differs: v1 requires a
    // value, v2 leaves it empty. The CPUs in effect are the same.
    const std::filesystem::path file = PathOf(kCpusInEffect, shell.pid());
    const std::filesystem::path above =
        file.parent_path().parent_path() / file.filename();
    ExpectNoLimit(shell, kCpusInEffect,
                  std::string(absl::StripAsciiWhitespace(ReadFile(above))));
  }
}

// Like LimitedFromTheStart, for the two limits that are new here.
TEST_F(Grade, CpusAreLimitedFromTheStart) {
  SKIP_IF(WhyNoController("cpu"));
  SKIP_IF(WhyNoController("cpuset"));
  for (int i = 0; i < 3; ++i) {
    const int shares = RandomNumber(100, 900);
    struct Limit {
      const KernelFile& file;
      Words flags;
      std::string wanted;
    };
    const Limit limits[] = {{kCpuShares,
                             {"-cpushare", absl::StrCat(shares)},
                             ContainerCgroups::ExpectedCpuShares(shares)},
                            {kCpus, {"-cpuset", "0"}, "0"}};
    for (const Limit& limit : limits) {
      const Answer answer = Try({ScriptThatPrints(limit.file)}, limit.flags);
      if (!answer.Expect(answer.out == limit.wanted + "\n",
                         absl::StrCat("output: ", limit.wanted,
                                      "   (the script prints the limit of the "
                                      "cgroup that it is in)"))) {
        return;
      }
    }
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

// A flag that is refused with any value is not known at all.
TEST_F(Grade, BadLimitsAreRefused) {
  for (const auto& [flag, good] :
       {std::pair{"-m", "64m"}, {"-cpuset", "0"}, {"-cpushare", "512"}}) {
    if (!Try({"true"}, {flag, good}).ExpectStatus(0)) {
      return;
    }
    const Answer answer = Try({"echo", "started"}, {flag, RandomName()});
    if (!answer.ExpectRefusal("the command is not started")) {
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

// The time that `run -cputime` prints at its end, in milliseconds; -1 if it
// prints none.
int CpuTimeIn(const Answer& answer) {
  const Words lines = absl::StrSplit(answer.err, '\n');
  for (absl::string_view line : lines) {
    int time = 0;
    if (absl::ConsumePrefix(&line, "cpu time: ") &&
        absl::ConsumeSuffix(&line, " ms") && absl::SimpleAtoi(line, &time)) {
      return time;
    }
  }
  return -1;
}

// Loops until it has used half a second of the CPU (50 ticks, in user and
// system mode), however long that takes on a busy machine.
const Words kLoopForHalfASecond = {
    "sh", "-c",
    "n=0 o=0; while [ $((n + o)) -lt 50 ]; do "
    "read -r a b c d e f g h i j k l m n o rest </proc/$$/stat; done"};

TEST_F(Grade, CpuTimeIsTold) {
  const Answer idle = Try({"sleep", "0.3"}, {"-cputime"});
  if (!idle.Expect(CpuTimeIn(idle) >= 0 && CpuTimeIn(idle) < 200,
                   "errors: cpu time: N ms   (few: it has slept)")) {
    return;
  }
  const Answer busy = Try(kLoopForHalfASecond, {"-cputime"});
  busy.Expect(CpuTimeIn(busy) >= 400 && CpuTimeIn(busy) < 900,
              "errors: cpu time: N ms   (a loop that had half a second)");
}

// Two loops on one CPU, one with eight times the shares of the other. The bound
// is wide: once the one has ended, the other has the CPU for itself.
TEST_F(Grade, SharesDivideTheCpu) {
  SKIP_IF(WhyNoController("cpu"));
  SKIP_IF(WhyNoController("cpuset"));
  Shell shells[] = {
      Shell(Words{"-cputime", "-cpuset", "0", "-cpushare", "2048"}),
      Shell(Words{"-cputime", "-cpuset", "0", "-cpushare", "256"})};
  for (Shell& shell : shells) {
    if (!shell.IsThere()) {
      return;
    }
    shell.Ask("sh -c 'while :; do :; done' &");
  }
  shells[0].Ask("sleep 2   # and the same in another container, of 256 shares");
  int times[2];
  Answer last;
  for (int i = 0; i < 2; ++i) {
    shells[i].Ask("kill -KILL $!; wait");
    last = shells[i].End();
    times[i] = CpuTimeIn(last);
  }
  last.Expect(times[1] > 0 && times[0] > times[1] * 3,
              "the one with 2048 shares has had much more time than this one, "
              "eight times as much if all is fair",
              absl::StrCat(times[0], " ms, and this one ", times[1], " ms"));
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
