#include "tests/support/rootfs.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/requirements.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string MakeRootfs(const std::string& name) {
  const fs::path rootfs = fs::path(TestDirectory()) / name;
  const Result found = RunOnHost("command -v busybox; busybox --list");
  EXPECT_THAT(found, ExitsWith(0)) << WhyNoTool("busybox");
  const std::vector<std::string> lines =
      absl::StrSplit(found.out, '\n', absl::SkipEmpty());
  if (lines.empty()) {
    return rootfs;
  }
  for (const char* folder :
       {"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp"}) {
    fs::create_directories(rootfs / folder);
  }
  const fs::path program = rootfs / "bin/busybox";
  fs::copy_file(lines[0], program);
  chmod(program.c_str(), 0755);
  for (auto command = lines.begin() + 1; command != lines.end(); ++command) {
    if (*command != "busybox") {
      fs::create_symlink("busybox", rootfs / "bin" / *command);
    }
  }
  return rootfs;
}

std::map<std::string, std::string> Inventory(const std::string& directory) {
  std::map<std::string, std::string> inventory;
  for (const fs::path& path : fs::recursive_directory_iterator(directory)) {
    struct stat attributes = {};
    if (lstat(path.c_str(), &attributes) != 0) {
      continue;
    }
    std::string content;
    if (S_ISLNK(attributes.st_mode)) {
      content = fs::read_symlink(path);
    } else if (S_ISREG(attributes.st_mode)) {
      content = ReadFile(path);
    }
    inventory[path] =
        absl::StrCat(absl::Hex(attributes.st_mode), " ", attributes.st_uid, ":",
                     attributes.st_gid, " ", major(attributes.st_rdev), ",",
                     minor(attributes.st_rdev), " ", attributes.st_mtim.tv_sec,
                     ".", attributes.st_mtim.tv_nsec, " ", content.size(), " ",
                     std::hash<std::string>()(content));
  }
  return inventory;
}

}  // namespace blackbox
