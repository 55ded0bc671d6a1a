#include "common/files/directory_use.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "common/namespaces/mounts.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

class DirectoryUseTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can take the locks";
    }
    for (const char* name : {"lower", "upper", "work", "merged"}) {
      directory_.MakeDirectory(name);
    }
  }
  UniqueFd Open(const std::string& name) const {
    return OpenDirectory(directory_.File(name));
  }
  absl::Status Read(const std::string& name) const {
    return DirectoryUse().Read(Open(name), "read it");
  }
  absl::Status Change(const std::string& name) const {
    return DirectoryUse().Change(Open(name), "change it");
  }

  const TempDirectory directory_;
};

TEST_F(DirectoryUseTest, ManyReadOrOneChanges) {
  {
    DirectoryUse use;
    ASSERT_THAT(use.Read(Open("upper"), "read it"), IsOk());
    EXPECT_THAT(Read("upper"), IsOk());
    EXPECT_THAT(Change("upper"),
                AllOf(HasErrno(EWOULDBLOCK), Says("change it: "),
                      Says("another container uses it; end that first")));
    EXPECT_THAT(Change("lower"), IsOk());
  }
  {
    DirectoryUse use;
    ASSERT_THAT(use.Change(Open("upper"), "change it"), IsOk());
    EXPECT_THAT(Read("upper"), Says("a container uses it"));
    EXPECT_THAT(Change("upper"), Says("another container uses it"));
    // By any name.
    directory_.Link("upper", "link");
    EXPECT_THAT(DirectoryUse().Read(
                    OpenDirectory(directory_.File("link") + "/."), "read it"),
                Says("a container uses it"));
  }
  EXPECT_THAT(Change("upper"), IsOk());
}

// Ending a shared use never looks like a use to others.
TEST_F(DirectoryUseTest, ManyMayBeginAndEndAtTheSameTime) {
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        refused += Read("lower").ok() ? 0 : 1;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(refused, 0);
}

TEST_F(DirectoryUseTest, WhatAKilledProcessLeftIsRemoved) {
  const auto count = [] {
    int locks = 0;
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(kRunDirectory, ignored)) {
      locks += absl::StartsWith(entry.path().filename().string(), "directory-");
    }
    return locks;
  };
  const int before = count();
  InFork([this] {
    DirectoryUse use;
    EXPECT_THAT(use.Change(Open("upper"), "change it"), IsOk());
    _exit(0);
  });
  DirectoryUse use;
  EXPECT_THAT(use.Change(Open("lower"), "change it"), IsOk());
  EXPECT_EQ(count(), before + 2);
  EXPECT_THAT(Read("work"), IsOk());
  EXPECT_EQ(count(), before + 1) << "what is in use stays";
}

// With the paths that mount(8) passes, and with short ones as Docker passes
// them.
TEST_F(DirectoryUseTest, WhatAnOverlayWritesToIsRefused) {
  for (const std::string& from : {directory_.path() + "/", std::string()}) {
    InFork([&] {
      ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
      ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
      ASSERT_EQ(chdir(directory_.path().c_str()), 0);
      const std::string options = "lowerdir=" + from +
                                  "lower,upperdir=" + from +
                                  "upper,workdir=" + from + "work";
      ASSERT_EQ(mount("overlay", "merged", "overlay", 0, options.c_str()), 0)
          << strerror(errno);
      ASSERT_EQ(chdir("/"), 0);
      EXPECT_THAT(Change("upper"),
                  AllOf(Says("the overlay on " + directory_.File("merged")),
                        Says("unmount")));
      EXPECT_THAT(Read("upper"), Says("the overlay on"));
      EXPECT_THAT(Read("work"), Says("the overlay on"));
      EXPECT_THAT(Read("lower"), IsOk());
    });
  }
}

}  // namespace
}  // namespace mydocker
