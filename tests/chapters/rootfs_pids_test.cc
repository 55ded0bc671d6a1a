// Chapter 9, `-pids-limit`: reads the limit back from the kernel's file, and
// checks that the kernel enforces it, against a fork bomb too.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

class RootfsPidsTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (!IsSkipped()) {
      SKIP_IF(FindController("pids").has_value()
                  ? ""
                  : "this host has no pids controller");
    }
  }
  static ContainerCgroups CgroupsOf(const HeldContainer& container) {
    return ContainerCgroups(container.init(), {"pids", "memory"});
  }
};

int RandomLimit() { return 10 + static_cast<int>(std::random_device{}() % 90); }

// Exactly one line that reports the limit.
auto IsReport(int limit) {
  return AllOf(HasSubstr("too many processes"), HasSubstr(absl::StrCat(limit)),
               testing::ResultOf(
                   [](const std::string& text) {
                     return std::count(text.begin(), text.end(), '\n');
                   },
                   1));
}

TEST_F(RootfsPidsTest, OneIsEnoughForACommandAlone) {
  EXPECT_THAT(
      Execute({.args = RunWords({"-pids-limit", "1"}, {"echo", "alone"})}),
      Prints("alone\n"));
}

TEST_F(RootfsPidsTest, RefusalIsReported) {
  const int limit = RandomLimit();
  const Result result =
      Execute({.args = RunWords({"-pids-limit", absl::StrCat(limit)},
                                {"perl", "-e",
                                 "my $made = 1;"
                                 "while (defined(my $pid = fork)) {"
                                 "  if (!$pid) { sleep 1000 }"
                                 "  $made++;"
                                 "} print \"$made $!\\n\""})});
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_EQ(result.out,
            absl::StrCat(limit, " Resource temporarily unavailable\n"));
  EXPECT_THAT(result.err, IsReport(limit));
}

// Each process makes two more, and none waits for another. The first shell
// makes only one: a refused fork ends a shell.
constexpr char kForkBomb[] = "bomb() { (bomb | bomb) & }; bomb 2>/dev/null";

TEST_F(RootfsPidsTest, ForkBombLeavesTheHostWell) {
  HeldContainer container({"-pids-limit", "10"}, kForkBomb);
  const ContainerCgroups cgroups = CgroupsOf(container);
  EXPECT_TRUE(WaitUntil([&] {
    EXPECT_LE(cgroups.Processes("pids").size(), 10u);
    return cgroups.RefusedProcesses() > 0;
  }));
  EXPECT_LE(DescendantsOf(container.run().pid()).size(), 10u);
  // Elsewhere new processes are still possible, in a second container too.
  EXPECT_THAT(RunOnHost("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do "
                        "sleep 1000 & pids=\"$pids $!\"; done; kill $pids; "
                        "echo well"),
              Prints("well\n"));
  EXPECT_THAT(Execute({.args = RunWords({"-pids-limit", "10"},
                                        {"sh", "-c", "(echo well)"})}),
              Prints("well\n"));
  const Result result = container.End(9);
  EXPECT_THAT(result, ExitsWith(9));
  EXPECT_THAT(result.err, IsReport(10));
}

// The bomb starts in process 1 itself, and a signal tells `run` to end it.
TEST_F(RootfsPidsTest, ForkBombCanBeEnded) {
  Process run({.args = RunWords({"-pids-limit", "10"},
                                {"sh", "-c",
                                 absl::StrCat("echo ready; ", kForkBomb,
                                              "; while :; do :; done")})});
  ASSERT_EQ(run.ReadLine(), "ready");
  const pid_t init = FindInit(run.pid());
  const ContainerCgroups cgroups(init, {"pids"});
  EXPECT_TRUE(WaitUntil([&] { return cgroups.RefusedProcesses() > 0; }));
  run.Signal(SIGTERM);
  const Result result = run.Wait();
  EXPECT_THAT(result, ExitsWith(128 + SIGKILL));
  EXPECT_THAT(result.err, IsReport(10));
}

// As in the article, and with a root file system of its own.
TEST_F(RootfsPidsTest, WorksInARootFileSystem) {
  SKIP_IF(WhyNoTool("busybox"));
  HeldContainer container({"-rootfs", MakeRootfs(), "-pids-limit", "10",
                           "-hostname", "inside-container"},
                          "for i in 1 2 3; do sleep 1000 & done");
  EXPECT_EQ(CgroupsOf(container).PidsLimit(), "10");
  EXPECT_THAT(CgroupsOf(container).Processes("pids"),
              UnorderedElementsAreArray(DescendantsOf(container.run().pid())));
  EXPECT_THAT(container.End(), Prints(""));
}

TEST_F(RootfsPidsTest, VerboseTellsFileAndValue) {
  HeldContainer container({"-verbose", "-pids-limit", "10"});
  const std::string directory = CgroupsOf(container).Directory("pids");
  EXPECT_THAT(container.End().err,
              HasSubstr(absl::StrCat("wrote 10 to ", directory, "/pids.max")));
}

}  // namespace
}  // namespace blackbox
