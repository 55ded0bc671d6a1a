// A directory that looks like a cgroup hierarchy, with ordinary files in place
// of the kernel's. It serves to test all that is decided before the kernel is
// called, for both versions on any machine, and without root.
//
// It has limits: a write does not truncate an ordinary file, and a directory
// with files cannot be removed. So a file is either empty or as long as what
// will be written.

#ifndef MYDOCKER_TESTS_COMMON_FAKE_HIERARCHY_H_
#define MYDOCKER_TESTS_COMMON_FAKE_HIERARCHY_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/hierarchy.h"
#include "tests/common/temp_directory.h"

namespace mydocker {

class FakeHierarchy {
 public:
  explicit FakeHierarchy(CgroupVersion version)
      : hierarchy_{version, directory_.path()} {}

  // The directory at the root of the tree.
  const TempDirectory& root() const { return directory_; }
  const Hierarchy& hierarchy() const { return hierarchy_; }

  // Writes a file of the cgroup of all containers, and of the container `id`.
  void WriteParent(const std::string& file, const std::string& content) const {
    directory_.Write("mydocker/" + file, content);
  }
  void Write(const std::string& file, const std::string& content,
             const std::string& id = "id") const {
    directory_.Write("mydocker/" + id + "/" + file, content);
  }
  // The content of these files.
  std::string ReadParent(const std::string& file) const {
    return directory_.Read("mydocker/" + file);
  }
  std::string Read(const std::string& file,
                   const std::string& id = "id") const {
    return directory_.Read("mydocker/" + id + "/" + file);
  }
  // Makes the file refuse every write, or this number, as `target` does.
  void Link(const std::string& target, const std::string& file,
            const std::string& id = "id") const {
    directory_.Link(target, "mydocker/" + id + "/" + file);
  }

 private:
  TempDirectory directory_;
  Hierarchy hierarchy_;
};

// Links to these refuse what is written to them: a number beyond ±1000, or any
// other text, with EINVAL; everything with ENOSPC.
inline constexpr char kRefusesWithEinval[] = "/proc/self/oom_score_adj";
inline constexpr char kRefusesWithEnospc[] = "/dev/full";

}  // namespace mydocker

#endif  // MYDOCKER_TESTS_COMMON_FAKE_HIERARCHY_H_
