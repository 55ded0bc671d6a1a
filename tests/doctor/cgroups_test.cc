// The doctor on cgroups.

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <map>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/report.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter doctor = {
      .folder = "", .namespaces = {}, .program = "doctor/doctor"};
  return doctor;
}

namespace {

using testing::HasSubstr;
using testing::StartsWith;
using DoctorCgroupsTest = ContainerTest;

std::vector<std::string> Ask(const std::string& command) {
  return absl::StrSplit(RunOnHost(command).out, '\n', absl::SkipEmpty());
}

std::vector<std::string> MountsOfV1() {
  return Ask("findmnt -rno TARGET -t cgroup");
}
std::vector<std::string> MountsOfV2() {
  return Ask("findmnt -rno TARGET -t cgroup2");
}

// The v1 mounts of a controller.
std::vector<std::string> MountsOfV1With(const std::string& controller) {
  return Ask(absl::StrCat("findmnt -rno TARGET -t cgroup -O ", controller));
}

// The v2 mounts that offer a controller.
std::vector<std::string> MountsOfV2With(const std::string& controller) {
  std::vector<std::string> mounts;
  for (const std::string& mount : MountsOfV2()) {
    const std::vector<std::string> offered = absl::StrSplit(
        ReadFile(mount + "/cgroup.controllers"), absl::ByAnyChar(" \n"));
    if (absl::c_linear_search(offered, controller)) {
      mounts.push_back(mount);
    }
  }
  return mounts;
}

// Each controller's hierarchy in /proc/cgroups, and whether it is enabled.
struct Kernels {
  std::string hierarchy;
  std::string enabled;
};
std::map<std::string, Kernels> KernelsControllers() {
  std::map<std::string, Kernels> controllers;
  for (const std::string& line : ReadLines("/proc/cgroups")) {
    const std::vector<std::string> fields = absl::StrSplit(line, '\t');
    if (fields[0][0] != '#') {
      controllers[fields[0]] = {fields.at(1), fields.at(3)};
    }
  }
  return controllers;
}

// The controllers that each v2 cgroup hands down to its children.
std::map<std::string, std::string> HandedDown() {
  std::map<std::string, std::string> handed_down;
  for (const std::string& mount : MountsOfV2()) {
    handed_down[mount] = ReadFile(mount + "/cgroup.subtree_control");
  }
  return handed_down;
}

TEST_F(DoctorCgroupsTest, KnowsWhichVersionsAreMounted) {
  const Row row = AskForReport({}).Find("cgroups", "mode");
  const bool v1 = !MountsOfV1().empty();
  const bool v2 = !MountsOfV2().empty();
  EXPECT_THAT(row.detail, StartsWith(v1 && v2 ? "hybrid"
                                     : v1     ? "v1"
                                     : v2     ? "v2"
                                              : "none"));
  EXPECT_EQ(row.verdict, v1 || v2 ? "OK" : "NO");
}

TEST_F(DoctorCgroupsTest, KnowsWhereEachControllerLives) {
  const Report report = AskForReport({});
  const std::map<std::string, Kernels> kernels = KernelsControllers();
  std::set<std::string> names;
  for (const Row& row : report.Rows("cgroups")) {
    if (row.name == "mode") {
      continue;
    }
    names.insert(row.name);
    const std::vector<std::string> v1 = MountsOfV1With(row.name);
    const std::vector<std::string> v2 = MountsOfV2With(row.name);
    if (absl::StartsWith(row.detail, "v1 at ")) {
      EXPECT_THAT(v1, testing::Contains(row.detail.substr(6))) << row;
      EXPECT_NE(kernels.at(row.name).hierarchy, "0") << row;
      EXPECT_EQ(row.verdict, "OK") << row;
    } else if (absl::StartsWith(row.detail, "v2 at ")) {
      EXPECT_THAT(v2, testing::Contains(row.detail.substr(6))) << row;
      EXPECT_EQ(row.verdict, "OK") << row;
    } else {
      EXPECT_TRUE(v1.empty() && v2.empty()) << row;
      if (absl::StrContains(row.detail, "built without")) {
        EXPECT_EQ(kernels.count(row.name), 0U) << row;
      }
      if (absl::StrContains(row.detail, "switched off")) {
        EXPECT_EQ(kernels.at(row.name).enabled, "0") << row;
      }
    }
  }
  for (const auto& [name, what] : kernels) {
    EXPECT_TRUE(names.count(name) == 1 ||
                (name == "blkio" && names.count("io") == 1))
        << name;
  }
  EXPECT_EQ(names.count("blkio") + names.count("io"), 1U);
}

// Hides the memory controller, in a mount namespace that ends with the program.
bool HideMemory(const std::vector<std::string>& mounts) {
  if (unshare(CLONE_NEWNS) != 0 ||
      mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return false;
  }
  return absl::c_all_of(mounts, [](const std::string& mount_point) {
    return umount2(mount_point.c_str(), MNT_DETACH) == 0;
  });
}

TEST_F(DoctorCgroupsTest, ChapterSevenIsNotReadyWithoutTheMemoryController) {
  std::vector<std::string> mounts = MountsOfV1With("memory");
  absl::c_copy(MountsOfV2With("memory"), std::back_inserter(mounts));
  const Report report = AskForReport(
      {.args = {}, .before_exec = [&] { return HideMemory(mounts); }});
  EXPECT_EQ(report.exit_status, 1);
  EXPECT_EQ(report.Find("cgroups", "memory").verdict, "NO");
  const Row seven = report.Find("chapters", "7 cgroup-memory");
  EXPECT_EQ(seven.verdict, "NO") << seven;
  EXPECT_THAT(seven.detail, HasSubstr("memory")) << seven;
  // Chapter 8 still runs containers; only -m does not work.
  const Row eight = report.Find("chapters", "8 run-init");
  EXPECT_EQ(eight.verdict, "LIMITED") << eight;
  EXPECT_THAT(eight.detail, HasSubstr("memory")) << eight;
}

TEST_F(DoctorCgroupsTest, ReadOnlyCgroupsAreOfNoUse) {
  const auto make_read_only = [] {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return false;
    }
    for (const std::string& line : ReadLines("/proc/self/mountinfo")) {
      const std::vector<std::string> fields = absl::StrSplit(line, ' ');
      if (absl::StrContains(line, " - cgroup") &&
          mount(nullptr, fields[4].c_str(), nullptr,
                MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
        return false;
      }
    }
    return true;
  };
  const Report report =
      AskForReport({.args = {}, .before_exec = make_read_only});
  EXPECT_EQ(report.Find("cgroups", "memory").verdict, "NO");
  EXPECT_THAT(report.Find("cgroups", "memory").detail, HasSubstr("read-only"));
  EXPECT_EQ(report.Find("chapters", "7 cgroup-memory").verdict, "NO");
  // Its containers start if no limit is requested.
  EXPECT_EQ(report.Find("chapters", "8 run-init").verdict, "LIMITED");
}

TEST_F(DoctorCgroupsTest, LeavesTheHierarchiesAsTheyWere) {
  const std::map<std::string, std::string> before = HandedDown();
  AskForReport({});
  EXPECT_EQ(HandedDown(), before);
}

TEST_F(DoctorCgroupsTest, ASignalLeavesNothingBehind) {
  const std::map<std::string, std::string> before = HandedDown();
  for (int i = 0; i < 10; ++i) {
    Process program({.args = {"-json"}});
    program.Signal(i % 2 == 0 ? SIGTERM : SIGINT);
    program.Wait();
  }
  EXPECT_EQ(HandedDown(), before);
}

TEST_F(DoctorCgroupsTest, AnOrdinaryUserIsSentToSudo) {
  const Report root = AskForReport({});
  const Report users = AskForReport({.args = {}, .uid = kOrdinaryUser});
  for (const Row& row : root.Rows("cgroups")) {
    if (absl::StrContains(row.detail, " at ") && row.name != "mode") {
      const Row users_row = users.Find("cgroups", row.name);
      EXPECT_EQ(users_row.verdict, "LIMITED") << users_row;
      EXPECT_THAT(users_row.fix, HasSubstr("sudo")) << users_row;
    }
  }
}

}  // namespace
}  // namespace blackbox
