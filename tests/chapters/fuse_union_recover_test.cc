// `make recover` and a union whose process is dead.

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/union_test.h"
#include "tests/support/wait.h"

namespace blackbox {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

using FuseUnionRecoverTest = UnionTest;

Result Recover() {
  return Execute(
      {.program =
           std::filesystem::read_symlink("/proc/self/exe").parent_path() /
           "../../../scripts/recover.sh"});
}

TEST_F(FuseUnionRecoverTest, UnmountsTheDeadAndSparesTheLiving) {
  MountUnion({"lower"}, "", "living");
  const std::vector<pid_t> alive = DescendantsOf(getpid());
  const std::string dead = Make("de ad");
  ASSERT_THAT(Execute({.args = Words({"lower"}, "", "de ad")}), Prints(""));
  for (const pid_t pid : DescendantsOf(getpid())) {
    if (std::find(alive.begin(), alive.end(), pid) == alive.end()) {
      kill(pid, SIGKILL);
    }
  }
  ASSERT_TRUE(WaitUntil([&] { return access(dead.c_str(), F_OK) != 0; }));
  EXPECT_THAT(Execute({.args = Words({"lower"}, "", "de ad")}),
              FailsInOneLine(125, HasSubstr("(ENOTCONN); ")));
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_THAT(result.out,
              HasSubstr(absl::StrCat("recover: unmounted ", dead,
                                     ", a union whose process is gone\n")));
  EXPECT_THAT(result.out, HasSubstr(absl::StrCat("recover: left ",
                                                 Path("living"), " alone")));
  EXPECT_THAT(MountPointsOf(getpid()), Not(Contains(HasSubstr("de\\040ad"))));
  EXPECT_THAT(MountPointsOf(getpid()), Contains(Path("living")));
}

}  // namespace
}  // namespace blackbox
