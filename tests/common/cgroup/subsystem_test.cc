#include "common/cgroup/subsystem.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <ostream>
#include <string>

#include "common/base/verbose.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/cpu.h"
#include "common/cgroup/memory.h"
#include "common/cgroup/pids.h"
#include "tests/common/captured.h"
#include "tests/common/fake_hierarchy.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A controller as a reader might add one.
class FakeSubsystem : public Subsystem {
 public:
  absl::string_view Name() const override { return "fake"; }
  bool IsAskedFor(const ResourceConfig&) const override { return true; }
  absl::Status Set(const Cgroup& cgroup, const ResourceConfig&) const override {
    return Write(cgroup, "fake.limit", "12");
  }
};

class SubsystemTest : public testing::Test {
 protected:
  SubsystemTest() { SetVerbose(true); }
  ~SubsystemTest() override { SetVerbose(false); }

  const FakeHierarchy fake_{CgroupVersion::kV1};
  Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

TEST_F(SubsystemTest, WritesAndThenTells) {
  fake_.Write("fake.limit", "");
  EXPECT_THAT(
      CaptureWrites(
          STDERR_FILENO,
          [this] { EXPECT_THAT(FakeSubsystem().Set(cgroup_, {}), IsOk()); }),
      ElementsAre(LogsStep("wrote 12 to " + cgroup_.File("fake.limit"))));
  EXPECT_EQ(fake_.Read("fake.limit"), "12");
}

TEST_F(SubsystemTest, AppliesAndThenTells) {
  fake_.Write("cgroup.procs", "");
  EXPECT_THAT(
      CaptureWrites(
          STDERR_FILENO,
          [this] { EXPECT_THAT(Subsystem::Apply(cgroup_, 4321), IsOk()); }),
      ElementsAre(LogsStep("process 4321 entered " + cgroup_.path())));
  EXPECT_EQ(fake_.Read("cgroup.procs"), "4321");
}

TEST_F(SubsystemTest, RemovesAndThenTells) {
  const std::string path = cgroup_.path();
  EXPECT_THAT(CaptureWrites(
                  STDERR_FILENO,
                  [this] { EXPECT_THAT(Subsystem::Remove(cgroup_), IsOk()); }),
              ElementsAre(LogsStep("removed " + path)));
  EXPECT_FALSE(fake_.root().Has("mydocker"));
}

TEST_F(SubsystemTest, TellsNothingThatTheKernelRefused) {
  fake_.Link(kRefusesWithEnospc, "fake.limit");
  EXPECT_THAT(
      CaptureWrites(
          STDERR_FILENO,
          [this] {
            EXPECT_THAT(FakeSubsystem().Set(cgroup_, {}), HasErrno(ENOSPC));
            EXPECT_THAT(Subsystem::Apply(cgroup_, 4321), HasErrno(ENOENT));
            EXPECT_THAT(Subsystem::Remove(cgroup_), HasErrno(ENOTEMPTY));
          }),
      IsEmpty());
}

// ------------------------------------------------------------ the real ones

// A controller on one version: what requests it, and what is then written.
struct Controller {
  std::string name;
  CgroupVersion version;
  std::shared_ptr<const Subsystem> subsystem;
  ResourceConfig asked;
  std::string file;
  std::string value;
};
void PrintTo(const Controller& controller, std::ostream* stream) {
  *stream << controller.name << ", " << controller.file;
}

class ControllerTest : public testing::TestWithParam<Controller> {
 protected:
  const FakeHierarchy fake_{GetParam().version};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

constexpr CgroupVersion kV1 = CgroupVersion::kV1;
constexpr CgroupVersion kV2 = CgroupVersion::kV2;
const auto kMemory = std::make_shared<MemorySubsystem>();
const auto kCpu = std::make_shared<CpuSubsystem>();
const auto kPids = std::make_shared<PidsSubsystem>();

// Each number is one that /proc/self/oom_score_adj refuses.
INSTANTIATE_TEST_SUITE_P(
    All, ControllerTest,
    testing::Values(Controller{"memory",
                               kV1,
                               kMemory,
                               {.memory_limit = 104857600, .cpuset = {}},
                               "memory.limit_in_bytes",
                               "104857600"},
                    Controller{"memory",
                               kV2,
                               kMemory,
                               {.memory_limit = 104857600, .cpuset = {}},
                               "memory.max",
                               "104857600"},
                    Controller{"cpu",
                               kV1,
                               kCpu,
                               {.cpu_shares = 2000, .cpuset = {}},
                               "cpu.shares",
                               "2000"},
                    Controller{"cpu",
                               kV2,
                               kCpu,
                               {.cpu_shares = 262144, .cpuset = {}},
                               "cpu.weight",
                               "10000"},
                    Controller{"pids",
                               kV1,
                               kPids,
                               {.cpuset = {}, .pids_limit = 4000},
                               "pids.max",
                               "4000"},
                    Controller{"pids",
                               kV2,
                               kPids,
                               {.cpuset = {}, .pids_limit = 4000},
                               "pids.max",
                               "4000"}));

TEST_P(ControllerTest, WritesWhatItIsAskedForAndNothingElse) {
  const auto& [name, version, subsystem, asked, file, value] = GetParam();
  EXPECT_EQ(subsystem->Name(), name);
  EXPECT_TRUE(subsystem->IsAskedFor(asked));
  EXPECT_FALSE(subsystem->IsAskedFor({.cpuset = "0"}));
  fake_.Write(file, "");
  EXPECT_THAT(subsystem->Set(cgroup_, {.cpuset = "0"}), IsOk());
  EXPECT_EQ(fake_.Read(file), "");
  EXPECT_THAT(subsystem->Set(cgroup_, asked), IsOk());
  EXPECT_EQ(fake_.Read(file), value);
}

TEST_P(ControllerTest, SeesTheKernelsRefusal) {
  const auto& [name, version, subsystem, asked, file, value] = GetParam();
  EXPECT_THAT(subsystem->Set(cgroup_, asked),
              AllOf(HasErrno(ENOENT), Says(file)));
  EXPECT_FALSE(fake_.root().Has("mydocker/id/" + file));
  fake_.Link(kRefusesWithEinval, file);
  EXPECT_THAT(subsystem->Set(cgroup_, asked),
              AllOf(HasErrno(EINVAL), Says(value)));
}

}  // namespace
}  // namespace mydocker
