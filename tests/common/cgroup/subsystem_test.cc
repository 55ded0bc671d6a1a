#include "common/cgroup/subsystem.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

#include "common/base/verbose.h"
#include "common/cgroup/cgroup.h"
#include "tests/common/captured.h"
#include "tests/common/fake_hierarchy.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

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
      ElementsAre(Tells("wrote 12 to " + cgroup_.File("fake.limit"))));
  EXPECT_EQ(fake_.Read("fake.limit"), "12");
}

TEST_F(SubsystemTest, AppliesAndThenTells) {
  fake_.Write("cgroup.procs", "");
  EXPECT_THAT(
      CaptureWrites(
          STDERR_FILENO,
          [this] { EXPECT_THAT(Subsystem::Apply(cgroup_, 4321), IsOk()); }),
      ElementsAre(Tells("process 4321 entered " + cgroup_.path())));
  EXPECT_EQ(fake_.Read("cgroup.procs"), "4321");
}

TEST_F(SubsystemTest, RemovesAndThenTells) {
  const std::string path = cgroup_.path();
  EXPECT_THAT(CaptureWrites(
                  STDERR_FILENO,
                  [this] { EXPECT_THAT(Subsystem::Remove(cgroup_), IsOk()); }),
              ElementsAre(Tells("removed " + path)));
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

}  // namespace
}  // namespace mydocker
