// Chapter 8, `run` and `init`: many containers at once.

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/memory.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"

namespace blackbox {
namespace {

using testing::ElementsAre;

using RunInitConcurrencyTest = ContainerTest;

constexpr int kMany = 50;

// A container with limits of its own, and a check from outside that they are
// set.
struct Limited {
  Limited(uint64_t memory, uint64_t shares)
      : memory(memory),
        shares(shares),
        container(
            {"-m", absl::StrCat(memory), "-cpushare", absl::StrCat(shares)}) {}

  void ExpectIntact() const {
    EXPECT_TRUE(IsAlive(container.init()));
    const ContainerCgroups cgroups = container.Cgroups();
    EXPECT_EQ(cgroups.MemoryLimit(),
              ContainerCgroups::ExpectedMemoryLimit(memory));
    EXPECT_EQ(cgroups.CpuShares(), ContainerCgroups::ExpectedCpuShares(shares));
    for (const char* controller : {"memory", "cpu", "cpuset"}) {
      if (FindController(controller).has_value()) {
        EXPECT_THAT(cgroups.Processes(controller),
                    ElementsAre(container.init()));
      }
    }
  }

  const uint64_t memory;
  const uint64_t shares;
  HeldContainer container;
};

// Two containers that share one cgroup, ids that
// collide.
TEST_F(RunInitConcurrencyTest, ManyContainersEachHaveTheirOwnLimits) {
  for (const char* controller : {"memory", "cpu"}) {
    SKIP_IF(FindController(controller).has_value()
                ? ""
                : absl::StrCat("this host has no ", controller, " controller"));
  }
  std::mt19937_64 random(std::random_device{}());
  std::uniform_int_distribution<uint64_t> memory(16 * kMiB, 64 * kMiB);
  std::uniform_int_distribution<uint64_t> shares(3, 100000);
  std::vector<std::unique_ptr<Limited>> containers;
  std::set<std::string> ids;
  for (int i = 0; i < kMany; ++i) {
    containers.push_back(
        std::make_unique<Limited>(memory(random), shares(random)));
    ids.insert(containers.back()->container.Cgroups().id());
  }
  EXPECT_EQ(ids.size(), static_cast<size_t>(kMany));
  for (const auto& container : containers) {
    container->ExpectIntact();
  }
  // When half of them end, in any order, the other half is not affected.
  std::shuffle(containers.begin(), containers.end(), random);
  for (int i = 0; i < kMany / 2; ++i) {
    EXPECT_THAT(containers.back()->container.End(i), ExitsWith(i));
    containers.pop_back();
  }
  for (const auto& container : containers) {
    container->ExpectIntact();
  }
  for (const auto& container : containers) {
    EXPECT_THAT(container->container.End(), ExitsWith(0));
  }
}

// The containers do not wait for each other: while one makes the directory that
// all share, another is about to remove it.
TEST_F(RunInitConcurrencyTest, ManyContainersMayStartAndEndAtTheSameTime) {
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<Process>> runs;
    for (int i = 0; i < kMany; ++i) {
      runs.push_back(std::make_unique<Process>(
          Invocation{.args = {"run", "-m", "64m", "sh", "-c",
                              absl::StrCat("echo ", i, "; exit ", i)}}));
    }
    for (int i = 0; i < kMany; ++i) {
      const Result result = runs[i]->Wait();
      EXPECT_THAT(result, ExitsWith(i));
      EXPECT_EQ(result.out, absl::StrCat(i, "\n"));
      EXPECT_EQ(result.err, "");
    }
  }
}

}  // namespace
}  // namespace blackbox
