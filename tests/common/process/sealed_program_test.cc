#include "common/process/sealed_program.h"

#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/process/child.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

std::string PathOf(const UniqueFd& file) {
  return absl::StrCat("/proc/self/fd/", file.get());
}

std::string ContentOf(const std::string& path) {
  std::stringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

// All but the parts that no process maps, such as the symbols.
TEST(SealedProgramTest, HoldsThisProgram) {
  const absl::StatusOr<UniqueFd> copy = SealedCopyOfThisProgram();
  ASSERT_THAT(copy, IsOk());
  const std::string program = ContentOf("/proc/self/exe");
  const std::string copied = ContentOf(PathOf(*copy));
  // Not EXPECT_EQ: it would print them.
  EXPECT_TRUE(program.starts_with(copied));
  EXPECT_GT(copied.size(), program.size() / 10);
  EXPECT_LT(copied.size(), program.size());
}

// Not through its descriptor, nor by opening it once more, nor by a mapping.
TEST(SealedProgramTest, CannotBeChangedEvenByRoot) {
  const absl::StatusOr<UniqueFd> copy = SealedCopyOfThisProgram();
  ASSERT_THAT(copy, IsOk());
  const UniqueFd again(open(PathOf(*copy).c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_TRUE(again.valid());
  for (const int fd : {copy->get(), again.get()}) {
    EXPECT_EQ(pwrite(fd, "x", 1, 0), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(ftruncate(fd, 0), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(mmap(nullptr, 1, PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    EXPECT_EQ(fcntl(fd, F_ADD_SEALS, 0), -1);
    EXPECT_EQ(errno, EPERM);
  }
}

// At each step that needs another descriptor.
TEST(SealedProgramTest, SaysWhenNoDescriptorIsLeft) {
  InFork([] {
    close_range(3, ~0U, 0);
    std::vector<UniqueFd> taken;
    for (int left = 0; left < 2; ++left) {
      taken.clear();
      while (taken.empty() || taken.back().get() < 19 - left) {
        taken.emplace_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
      }
      SetLimit(RLIMIT_NOFILE, 20);
      EXPECT_THAT(SealedCopyOfThisProgram(), HasErrno(EMFILE)) << left;
    }
    taken.pop_back();
    EXPECT_THAT(SealedCopyOfThisProgram(), IsOk());
  });
}

}  // namespace
}  // namespace mydocker
