// A directory for one test, removed with everything in it when the test ends.

#ifndef MYDOCKER_TESTS_COMMON_TEMP_DIRECTORY_H_
#define MYDOCKER_TESTS_COMMON_TEMP_DIRECTORY_H_

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

namespace mydocker {

class TempDirectory {
 public:
  TempDirectory() : path_(::testing::TempDir() + "mydocker-test-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) {
      ADD_FAILURE() << "cannot make a directory like " << path_;
      abort();
    }
  }
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  ~TempDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }

  // The path of `name` in the directory.
  std::string File(const std::string& name) const { return path_ + "/" + name; }

  // Makes the file `name` and its parent directories, and returns its path.
  std::string Write(const std::string& name, const std::string& content,
                    mode_t mode = 0644) const {
    std::string file = File(name);
    std::filesystem::create_directories(
        std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::trunc) << content;
    EXPECT_EQ(chmod(file.c_str(), mode), 0) << file;
    return file;
  }

  // The content of the file `name`; empty if it does not exist.
  std::string Read(const std::string& name) const {
    std::ostringstream content;
    content << std::ifstream(File(name)).rdbuf();
    return content.str();
  }

  std::string MakeDirectory(const std::string& name) const {
    std::filesystem::create_directories(File(name));
    return File(name);
  }

  void Link(const std::string& target, const std::string& name) const {
    std::filesystem::create_symlink(target, File(name));
  }

  bool Has(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(File(name)));
  }

  void Remove(const std::string& name) const {
    std::filesystem::remove(File(name));
  }

 private:
  std::string path_;
};

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_COMMON_TEMP_DIRECTORY_H_
