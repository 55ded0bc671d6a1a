// Chapter 8, `run` and `init`: wrong input, and hosts that lack something. Each
// is reported in one clear line with the right status: 125 if mydocker failed,
// 126 if the command cannot be executed, 127 if it does not exist. The fixture
// checks that nothing stays.

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/launch.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

using RunInitErrorTest = ContainerTest;

// The unit tests of each flag test its values.
TEST_F(RunInitErrorTest, BadCommandLineIsRefused) {
  ExpectRefused({}, {"run"});
  ExpectRefused({"walk", "touch", "made"}, {"walk"});
  ExpectRefused({"-ti", "touch", "made"}, {"ti"});
  ExpectRefused({"ps"}, {"ps", "cgroup"});
  ExpectRefused({"run"}, {"command"});
  ExpectRefused({"run", "-ti", "-m", "64m"}, {"command"});
  ExpectRefused({"run", "--"}, {"command"});
  ExpectRefused({"run", "-m"}, {"m", "value"});
  struct Flag {
    std::vector<std::string> words;
    std::vector<std::string> mentions;
  };
  for (const auto& [words, mentions] : std::vector<Flag>{
           {{"--rm"}, {"rm", "nothing"}},
           {{"-m", "abc"}, {"m", "abc"}},
           {{"-m", "0"}, {"m", "0"}},
           {{"-m", "-5"}, {"m", "-5"}},
           {{"-m", "18446744073709551617"}, {"m", "18446744073709551617"}},
           {{"-m", ""}, {"m"}},
           {{"-m", "1.5g"}, {"m", "1\\.5g"}},
           {{"-cpuset", "abc"}, {"cpuset", "abc"}},
           {{"-cpuset", ""}, {"cpuset"}},
           {{"-cpuset", "0-"}, {"cpuset", "0-"}},
           {{"-cpushare", "1"}, {"cpushare", "1", "2"}},
           {{"-cpushare", "262145"}, {"cpushare", "262145", "262144"}},
           {{"-ti=perhaps"}, {"ti", "perhaps"}},
       }) {
    ExpectRefused(RunWords(words, {"touch", "made"}), mentions);
  }
}

// Up to chapter 12, which has them.
TEST_F(RunInitErrorTest, VolumesAreALaterChapters) {
  ExpectRefused({"run", "-v", "/a:/b", "touch", "made"}, {"v", "verbose"});
}

TEST_F(RunInitErrorTest, CpuThatDoesNotExistIsToldFromThoseThatDo) {
  SKIP_IF(FindController("cpuset").has_value()
              ? ""
              : "this host has no cpuset controller");
  // All CPUs that there are: possible CPUs that are offline do not count here.
  std::string online = ReadFile("/sys/devices/system/cpu/online");
  online.erase(online.find_last_not_of('\n') + 1);
  for (const char* list : {"99", "0,99", "0-99"}) {
    SKIP_IF(std::filesystem::exists("/sys/devices/system/cpu/cpu99")
                ? "this machine has a hundred CPUs"
                : "");
    EXPECT_THAT(Execute({.args = {"run", "-cpuset", list, "touch", "made"}}),
                FailsInOneLine(125, HasSubstr(online)))
        << list;
  }
}

// A host without one of the controllers: on v1 its hierarchy is not mounted, on
// v2 the only hierarchy is not.
class RunInitMissingControllerTest
    : public ContainerTest,
      public testing::WithParamInterface<std::vector<std::string>> {
 protected:
  static std::string Controller() { return GetParam()[0]; }
};

INSTANTIATE_TEST_SUITE_P(
    All, RunInitMissingControllerTest,
    testing::Values(std::vector<std::string>{"memory", "-m", "64m"},
                    std::vector<std::string>{"cpu", "-cpushare", "512"},
                    std::vector<std::string>{"cpuset", "-cpuset", "0"}),
    [](const auto& info) { return info.param[0]; });

// "Nothing is limited, without any error". Not even an ordinary
// directory is made where the cgroup should be: the fixture would see it.
TEST_P(RunInitMissingControllerTest, LimitIsRefusedByItsName) {
  const std::vector<std::string> flags = {GetParam()[1], GetParam()[2]};
  EXPECT_THAT(Execute({.args = RunWords(flags, {"touch", "made"}),
                       .before_exec = HostWithoutController(Controller())}),
              FailsInOneLine(125, HasSubstr(Controller() + " controller")));
}

TEST_P(RunInitMissingControllerTest, ContainerWithoutThatLimitRuns) {
  EXPECT_THAT(Execute({.args = {"run", "sh", "-c", "echo ran"},
                       .before_exec = HostWithoutController(Controller())}),
              Prints("ran\n"));
}

// A read-only hierarchy is treated like a missing one. The cgroups that were
// made before the failure must be removed.
TEST_P(RunInitMissingControllerTest, ReadOnlyHierarchyIsNoneAtAll) {
  const std::optional<ControllerLocation> place = FindController(Controller());
  SKIP_IF(place.has_value() ? "" : "this host has no such controller");
  const auto make_read_only = [&] {
    return HostWithMounts(MS_PRIVATE)() &&
           mount(nullptr, place->mount_point.c_str(), nullptr,
                 MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) == 0;
  };
  EXPECT_THAT(Execute({.args = {"run", "sh", "-c", "echo ran"},
                       .before_exec = make_read_only}),
              Prints("ran\n"));
  const std::vector<std::string> flags = {GetParam()[1], GetParam()[2]};
  EXPECT_THAT(Execute({.args = RunWords(flags, {"touch", "made"}),
                       .before_exec = make_read_only}),
              FailsInOneLine(125, AllOf(HasSubstr(place->mount_point),
                                        HasSubstr("ead-only"))));
}

TEST_F(RunInitErrorTest, HostWithoutProcIsTold) {
  const Result result =
      Execute({.args = {"run", "touch", "made"}, .before_exec = [] {
                 return HostWithMounts(MS_PRIVATE)() &&
                        umount2("/proc", MNT_DETACH) == 0;
               }});
  if (IsSanitized()) {
    // A sanitizer needs /proc, too, even to read its options: without it, it
    // adds lines, and ends the program with a status of its own.
    EXPECT_NE(result.exit_status, 0);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr("mydocker: open /proc/"));
  } else {
    EXPECT_THAT(result, FailsInOneLine(125, HasSubstr("/proc")));
  }
}

// Each step that opens a file, from the first to the last, fails with one of
// these limits on descriptors; with the highest the container runs.
constexpr rlim_t kTooFew = 4;
constexpr rlim_t kEnough = 20;
class RunInitFewDescriptorsTest : public ContainerTest,
                                  public testing::WithParamInterface<rlim_t> {};

INSTANTIATE_TEST_SUITE_P(AtMost, RunInitFewDescriptorsTest,
                         testing::Range<rlim_t>(kTooFew, kEnough + 1),
                         testing::PrintToStringParamName());

// An error half-way leaves what was made before.
TEST_P(RunInitFewDescriptorsTest, RunsOrFailsAndLeavesNothing) {
  // The loader of shared libraries needs one more.
  const rlim_t most = GetParam() + (IsSanitized() ? 1 : 0);
  const rlimit files = {most, most};
  const Result result = Execute(
      {.args = {"run", "-m", "64m", "sh", "-c", "echo ran"},
       .leak_check = false,
       .before_exec = [&] { return setrlimit(RLIMIT_NOFILE, &files) == 0; }});
  const auto fails = FailsInOneLine(125, HasSubstr("Too many open files"));
  if (GetParam() == kTooFew) {
    EXPECT_THAT(result, fails);
  } else if (GetParam() == kEnough) {
    EXPECT_THAT(result, Prints("ran\n"));
  } else {
    EXPECT_THAT(result, AnyOf(Prints("ran\n"), fails));
  }
}

// A host on which no PID namespace can be made any more. The limit belongs to
// the user namespace that `run` is in. This is a new one in which root is the
// host's root, so that the real host's limit stays as it is.
bool AllowNoPidNamespaces() {
  const auto write = [](const char* file, const char* text) {
    std::ofstream stream(file);
    stream << text << std::flush;
    return stream.good();
  };
  return unshare(CLONE_NEWUSER) == 0 && write("/proc/self/uid_map", "0 0 1") &&
         write("/proc/self/setgroups", "deny") &&
         write("/proc/self/gid_map", "0 0 1") &&
         write("/proc/sys/user/max_pid_namespaces", "0");
}

// The result of a failed clone used as a process id.
TEST_F(RunInitErrorTest, HostThatAllowsNoMoreNamespacesIsTold) {
  EXPECT_THAT(Execute({.args = {"run", "-m", "64m", "touch", "made"},
                       .leak_check = false,
                       .before_exec = AllowNoPidNamespaces}),
              FailsInOneLine(125, AllOf(HasSubstr("No space left"),
                                        HasSubstr("max_*_namespaces"))));
}

}  // namespace
}  // namespace blackbox
