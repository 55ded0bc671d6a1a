#include "tests/support/workspace.h"

#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "gtest/gtest.h"
#include "tests/support/proc.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

std::string& Root() {
  static std::string root;
  return root;
}

void MakeDirectory(const std::string& path, mode_t permissions) {
  ASSERT_EQ(mkdir(path.c_str(), permissions), 0) << path;
  // Again, because the umask must not apply.
  ASSERT_EQ(chmod(path.c_str(), permissions), 0) << path;
}

}  // namespace

void MakeWorkspace() {
  std::string path = fs::temp_directory_path() / "mydocker-test.XXXXXX";
  ASSERT_NE(mkdtemp(path.data()), nullptr) << path;
  ASSERT_EQ(chmod(path.c_str(), 0755), 0);
  Root() = path;
  MakeDirectory(TestDirectory(), 0755);
  MakeDirectory(WatchedDirectory(), 01777);
  MakeDirectory(WatchedTemporaryDirectory(), 01777);
}

void RemoveWorkspace() {
  // A mount left there may show the host's files, which RemoveWorkspace would
  // delete.
  if (ReadFile("/proc/self/mountinfo").find(Root()) != std::string::npos) {
    ADD_FAILURE() << "something is mounted below " << Root() << "; it stays";
    return;
  }
  std::error_code error;
  fs::remove_all(Root(), error);
  EXPECT_FALSE(error) << "remove " << Root() << ": " << error.message();
}

std::string TestDirectory() { return Root() + "/files"; }

std::string WatchedDirectory() { return Root() + "/here"; }

std::string WatchedTemporaryDirectory() { return Root() + "/tmp"; }

std::string CopyForEverybody(const std::string& program) {
  const std::string copy =
      TestDirectory() + "/" + fs::path(program).filename().string();
  if (!fs::exists(copy)) {
    fs::copy_file(program, copy);
    chmod(copy.c_str(), 0755);
  }
  return copy;
}

std::string MakeFile(const std::string& name, const std::string& content,
                     unsigned permissions) {
  const std::string path = TestDirectory() + "/" + name;
  std::ofstream(path, std::ios::binary) << content;
  EXPECT_EQ(chmod(path.c_str(), permissions), 0) << path;
  return path;
}

std::string RandomName() {
  std::random_device random;
  std::string name = "t";
  for (int i = 0; i < 12; ++i) {
    name += static_cast<char>('a' + random() % 26);
  }
  return name;
}

}  // namespace blackbox
