// Chapter 11, compared with the kernel's overlayfs: the same random operations
// over the same layers must each have the same result.
//
// A failing test prints its seed and step; FUSE_UNION_SEED=N repeats it.

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/file_operations.h"
#include "tests/support/file_tree.h"
#include "tests/support/proc.h"
#include "tests/support/union_test.h"

namespace blackbox {
namespace {

using testing::IsEmpty;

namespace fs = std::filesystem;

constexpr int kSteps = 5000;
constexpr int kProcesses = 4;
// Steps between two comparisons of the whole trees.
constexpr int kInterval = 50;

// A seed, and the kinds of caching to turn off (-without).
using Setting = std::tuple<uint64_t, std::string>;

class FuseUnionDifferentialTest : public UnionTest,
                                  public testing::WithParamInterface<Setting> {
 protected:
  static uint64_t Seed() {
    uint64_t seed = std::get<0>(GetParam());
    const char* const given = getenv("FUSE_UNION_SEED");
    if (given != nullptr && !absl::SimpleAtoi(given, &seed)) {
      ADD_FAILURE() << "FUSE_UNION_SEED is not a number: " << given;
    }
    return seed;
  }

  // Fills a process's part of a layer with random files, whiteouts and opaque
  // directories.
  static void FillLayer(const std::string& directory, uint64_t seed) {
    Actor actor(directory);
    FileOperations operations(seed);
    for (int i = 0; i < 150; ++i) {
      Step step = operations.NextToMake();
      step.user = 0;
      FileOperations::Do(actor, step);
      if (step.number % 12 == 0) {
        mknod((directory + "/" + step.other).c_str(), S_IFCHR, makedev(0, 0));
      } else if (step.number % 7 == 0) {
        struct stat status = {};
        const std::string path = directory + "/" + step.path;
        if (lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
          setxattr(path.c_str(), "trusted.overlay.opaque", "y", 1, 0);
        }
      }
    }
  }
};

// For each name that is removed, overlayfs subtracts one from a file's link
// count, even if that name has meant another file since the copy-up. Once the
// count of a file that still has a name reaches 0, overlayfs is wrong, and soon
// lists old types: from there on it is no reference.
bool HasLostCount(const std::string& line) {
  return absl::StrContains(line, " nlink:0 ");
}
constexpr char kLostCount[] = "overlayfs has lost count";

// Performs one process's operations in two places. Returns the first
// difference.
std::string Compare(const std::string& one, const std::string& other,
                    uint64_t seed) {
  Actor first(one);
  Actor second(other);
  FileOperations operations(seed);
  for (int i = 0; i < kSteps; ++i) {
    const Step step = operations.Next();
    std::string expected = FileOperations::Do(first, step);
    // When several processes put files over whiteouts at once, overlayfs
    // sometimes fails with ESTALE; repeating the operation succeeds.
    for (int times = 0; expected == "ESTALE" && times < 100; ++times) {
      expected = FileOperations::Do(first, step);
    }
    const std::string came = FileOperations::Do(second, step);
    const std::string where =
        absl::StrCat("step ", i, " of seed ", seed, ", ",
                     FileOperations::Describe(step), ":\n");
    if (HasLostCount(expected)) {
      return kLostCount;
    }
    if (expected != came) {
      return absl::StrCat(where, "  overlayfs: ", expected,
                          "\n  the union: ", came, "\n");
    }
    for (const std::string& path : {step.path, step.other}) {
      const std::string there = DescribeFile(one + "/" + path);
      const std::string here = DescribeFile(other + "/" + path);
      if (HasLostCount(there)) {
        return kLostCount;
      }
      if (there != here) {
        return absl::StrCat(where, "then ", Printable(path),
                            ":\n  overlayfs: ", there, "\n  the union: ", here,
                            "\n");
      }
    }
    if (i % kInterval == 0) {
      const Tree there = DescribeTree(one);
      for (const auto& [path, line] : there) {
        if (HasLostCount(line)) {
          return kLostCount;
        }
      }
      const std::vector<std::string> differences =
          Differences(there, DescribeTree(other));
      if (!differences.empty()) {
        return absl::StrCat(where, "then, in overlayfs and in the union:\n",
                            absl::StrJoin(differences, "\n"), "\n");
      }
    }
  }
  return "";
}

TEST_P(FuseUnionDifferentialTest, DoesWhatOverlayfsDoes) {
  ASSERT_GE(FileOperations::CountKinds(), 20);
  const uint64_t seed = Seed();
  const std::vector<std::string> layers = {"lower1", "lower2", "lower3"};
  umask(0);
  for (int process = 0; process < kProcesses; ++process) {
    for (size_t layer = 0; layer < layers.size(); ++layer) {
      // Some layers have no part for some processes.
      if ((seed + process + layer) % 5 != 0) {
        FillLayer(Make(absl::StrCat(layers[layer], "/p", process)),
                  1000 * seed + 10 * process + layer);
      }
    }
    Make(absl::StrCat("lower1/p", process));
  }
  umask(022);
  std::vector<Tree> before;
  for (const std::string& layer : layers) {
    before.push_back(DescribeTree(Make(layer)));
  }
  MountOverlay(layers, "upper-o", "overlay");
  MountUnion(layers, "upper-u", "union",
             {"-without", absl::StrCat(std::get<1>(GetParam()), ",")});
  ASSERT_THAT(
      Differences(DescribeTree(Path("overlay")), DescribeTree(Path("union"))),
      IsEmpty())
      << "the layers alone, seed " << seed;

  std::vector<pid_t> processes;
  std::vector<std::string> lost;
  for (int process = 0; process < kProcesses; ++process) {
    const std::string name = absl::StrCat("p", process);
    const pid_t pid = fork();
    if (pid == 0) {
      const std::string different =
          Compare(Path("overlay") + "/" + name, Path("union") + "/" + name,
                  10 * seed + process);
      std::ofstream(Path("different-" + name)) << different;
      _exit(different.empty() ? 0 : 1);
    }
    processes.push_back(pid);
  }
  for (int process = 0; process < kProcesses; ++process) {
    int status = -1;
    waitpid(processes[process], &status, 0);
    const std::string different = Read(absl::StrCat("different-p", process));
    if (different == kLostCount) {
      lost.push_back(absl::StrCat("p", process));
    } else {
      EXPECT_EQ(status, 0) << different;
    }
  }
  EXPECT_LT(lost.size(), kProcesses);
  if (HasFailure()) {
    return;
  }
  // The tree that a mount shows, without those directories.
  const auto shown = [&lost](const std::string& mount) {
    Tree tree = DescribeTree(Path(mount));
    std::erase_if(tree, [&lost](const auto& entry) {
      return std::find(lost.begin(), lost.end(), entry.first.substr(0, 2)) !=
             lost.end();
    });
    return tree;
  };
  const Tree tree = shown("overlay");
  EXPECT_THAT(Differences(tree, shown("union")), IsEmpty());
  EXPECT_THAT(WrongInodes(Path("union")), IsEmpty());
  const std::map<std::string, ino_t> inodes = InodesOf(Path("union"));

  // Mounts the upper directories again, each also by the other file system.
  Unmount("union");
  Unmount("overlay");
  for (size_t i = 0; i < layers.size(); ++i) {
    EXPECT_THAT(Differences(before[i], DescribeTree(Path(layers[i]))),
                IsEmpty())
        << layers[i] << " was changed";
  }
  MountUnion(layers, "upper-u", "union");
  EXPECT_THAT(Differences(tree, shown("union")), IsEmpty());
  EXPECT_THAT(WrongInodes(Path("union")), IsEmpty());
  EXPECT_EQ(InodesOf(Path("union")), inodes);
  Unmount("union");
  MountUnion(layers, "upper-o", "union");
  EXPECT_THAT(Differences(tree, shown("union")), IsEmpty());
  MountOverlay(layers, "upper-u", "overlay");
  EXPECT_THAT(Differences(tree, shown("overlay")), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Seeds, FuseUnionDifferentialTest,
    testing::Values(
        Setting(1, ""), Setting(2, "passthrough"),
        Setting(3, "passthrough,writeback"),
        Setting(4, "timeouts,keep-cache,readdirplus,splice,passthrough")));

}  // namespace
}  // namespace blackbox
