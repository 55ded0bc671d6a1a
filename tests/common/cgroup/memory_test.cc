#include "common/cgroup/memory.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/cgroup/cgroup.h"
#include "tests/common/fake_hierarchy.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

struct Files {
  CgroupVersion version;
  std::string limit;
  std::string events;
};
class MemorySubsystemTest : public testing::TestWithParam<Files> {
 protected:
  ResourceConfig Limit(uint64_t bytes) const {
    ResourceConfig config;
    config.memory_limit = bytes;
    return config;
  }

  const MemorySubsystem memory_;
  const FakeHierarchy fake_{GetParam().version};
  const Cgroup cgroup_ = *Cgroup::Create(fake_.hierarchy(), "id");
};

INSTANTIATE_TEST_SUITE_P(
    Versions, MemorySubsystemTest,
    testing::Values(Files{CgroupVersion::kV1, "memory.limit_in_bytes",
                          "memory.oom_control"},
                    Files{CgroupVersion::kV2, "memory.max", "memory.events"}),
    [](const auto& info) {
      return info.param.version == CgroupVersion::kV1 ? "v1" : "v2";
    });

TEST_P(MemorySubsystemTest, SeesTheKernelsRefusal) {
  fake_.Link(kRefusesWithEinval, GetParam().limit);
  EXPECT_THAT(memory_.Set(cgroup_, Limit(104857600)),
              AllOf(HasErrno(EINVAL), Says("104857600"),
                    Says("memory.memsw.limit_in_bytes")));
}

TEST_P(MemorySubsystemTest, CountsOomKills) {
  fake_.Write(GetParam().events,
              "oom_kill_disable 0\nunder_oom 0\noom 5\noom_kill 3\n");
  const absl::StatusOr<uint64_t> kills = memory_.CountOomKills(cgroup_);
  ASSERT_THAT(kills, IsOk());
  EXPECT_EQ(*kills, 3);
}

TEST_P(MemorySubsystemTest, SaysThatTheKernelDoesNotCountOomKills) {
  // cgroup v1 before Linux 4.13.
  fake_.Write(GetParam().events, "oom_kill_disable 0\nunder_oom 0\n");
  EXPECT_THAT(
      memory_.CountOomKills(cgroup_),
      AllOf(HasCode(absl::StatusCode::kNotFound), Says(GetParam().events)));
}

}  // namespace
}  // namespace mydocker
