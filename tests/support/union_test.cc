#include "tests/support/union_test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {

namespace fs = std::filesystem;

constexpr char kDevice[] = "/dev/fuse";
constexpr char kFindings[] = "found-by-sanitizers";

void UnionTest::SetUp() {
  ContainerTest::SetUp();
  if (!IsSkipped()) {
    SKIP_IF(WhyNoKernelFeature("FUSE", kDevice));
    const std::string log = absl::StrCat("log_path=", Path(kFindings));
    setenv("ASAN_OPTIONS", log.c_str(), 1);
    setenv("UBSAN_OPTIONS", log.c_str(), 1);
    setenv("TSAN_OPTIONS",
           absl::StrCat(log, ":suppressions=",
                        fs::absolute("tests/thread.supp").string())
               .c_str(),
           1);
  }
}

void UnionTest::TearDown() {
  while (!mounted_.empty()) {
    Unmount(mounted_.back().point);
  }
  if (!IsSkipped()) {
    for (const auto& entry : fs::directory_iterator(Path(""))) {
      if (absl::StartsWith(entry.path().filename().string(), kFindings)) {
        ADD_FAILURE() << ReadFile(entry.path());
      }
    }
  }
  if (gave_fuse_) {
    EXPECT_EQ(umount2(kDevice, MNT_DETACH), 0);
  }
  ContainerTest::TearDown();
}

void UnionTest::GiveFuseToAll() {
  const std::string device = Path("fuse");
  ASSERT_EQ(mknod(device.c_str(), S_IFCHR, makedev(10, 229)), 0);
  ASSERT_EQ(chmod(device.c_str(), 0666), 0);
  ASSERT_EQ(mount(device.c_str(), kDevice, nullptr, MS_BIND, nullptr), 0);
  gave_fuse_ = true;
}

std::string UnionTest::Path(const std::string& name) {
  return name.empty() ? TestDirectory()
                      : absl::StrCat(TestDirectory(), "/", name);
}

std::string UnionTest::Make(const std::string& name) {
  fs::create_directories(Path(name));
  return Path(name);
}

void UnionTest::Write(const std::string& name, const std::string& content) {
  fs::create_directories(fs::path(Path(name)).parent_path());
  std::ofstream(Path(name), std::ios::binary) << content;
}

std::string UnionTest::Read(const std::string& name) {
  return ReadFile(Path(name));
}

std::vector<std::string> UnionTest::Words(const std::vector<std::string>& lower,
                                          const std::string& upper,
                                          const std::string& point) {
  std::vector<std::string> words;
  for (const std::string& layer : lower) {
    words.insert(words.end(), {"-lower", Path(layer)});
  }
  if (!upper.empty()) {
    words.insert(words.end(), {"-upper", Path(upper)});
  }
  words.push_back(Path(point));
  return words;
}

void UnionTest::MountUnion(const std::vector<std::string>& lower,
                           const std::string& upper, const std::string& point,
                           const std::vector<std::string>& flags) {
  for (const std::string& layer : lower) {
    Make(layer);
  }
  if (!upper.empty()) {
    Make(upper);
  }
  Make(point);
  std::vector<std::string> words = flags;
  const std::vector<std::string> rest = Words(lower, upper, point);
  words.insert(words.end(), rest.begin(), rest.end());
  ASSERT_THAT(Execute({.args = words}), Prints(""));
  mounted_.push_back({point, upper});
}

void UnionTest::MountOverlay(const std::vector<std::string>& lower,
                             const std::string& upper,
                             const std::string& point) {
  std::vector<std::string> paths;
  for (auto layer = lower.rbegin(); layer != lower.rend(); ++layer) {
    paths.push_back(Make(*layer));
  }
  std::string options =
      absl::StrCat("lowerdir=", absl::StrJoin(paths, ":"),
                   ",redirect_dir=off,metacopy=off,index=off");
  if (!upper.empty()) {
    absl::StrAppend(&options, ",upperdir=", Make(upper),
                    ",workdir=", Make(upper + ".overlay-work"));
  }
  ASSERT_EQ(
      mount("overlay", Make(point).c_str(), "overlay", 0, options.c_str()), 0)
      << options << ": " << strerror(errno);
  mounted_.push_back({point, ""});
}

void UnionTest::Unmount(const std::string& point) {
  for (auto mount = mounted_.begin(); mount != mounted_.end(); ++mount) {
    if (mount->point == point) {
      EXPECT_EQ(umount2(Path(point).c_str(), 0), 0)
          << "umount " << point << ": " << strerror(errno);
      EXPECT_TRUE(mount->upper.empty() || WaitUntil([&] {
                    return !fs::exists(Path(mount->upper + ".union-work"));
                  }))
          << "its work directory stays";
      mounted_.erase(mount);
      return;
    }
  }
  ADD_FAILURE() << "nothing is mounted on " << point;
}

}  // namespace blackbox
