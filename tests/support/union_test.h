// The fixture for unions: mounts of the program under test, and of the kernel's
// overlayfs as the reference.

#ifndef MYDOCKER_TESTS_SUPPORT_UNION_TEST_H_
#define MYDOCKER_TESTS_SUPPORT_UNION_TEST_H_

#include <string>
#include <vector>

#include "tests/support/container_test.h"
#include "tests/support/program.h"

namespace blackbox {

// After each test nothing may be mounted, and no process may be left. Nobody
// sees what a program in the background reports: if it is built with
// sanitizers, their findings fail the test.
class UnionTest : public ContainerTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // The path of `name` in the test's directory; of the directory itself for "".
  static std::string Path(const std::string& name);
  // Makes a directory there and its parents, and returns its path.
  static std::string Make(const std::string& name);
  // Writes a file there, and makes the directories on the way.
  static void Write(const std::string& name, const std::string& content);
  static std::string Read(const std::string& name);

  // The words of the command line for layers, the lowest first, an upper
  // directory unless empty, and a mount point.
  static std::vector<std::string> Words(const std::vector<std::string>& lower,
                                        const std::string& upper,
                                        const std::string& point);
  // Mounts with the program under test and `flags`; makes the directories. A
  // failure to do so fails the test.
  void MountUnion(const std::vector<std::string>& lower,
                  const std::string& upper, const std::string& point,
                  const std::vector<std::string>& flags = {});
  // The same with overlayfs, with redirects, indexes and the like off.
  void MountOverlay(const std::vector<std::string>& lower,
                    const std::string& upper, const std::string& point);
  // Lets ordinary users open /dev/fuse until the test is over, as udev does on
  // most machines.
  void GiveFuseToAll();
  // Unmounts, and waits until the process behind it has ended.
  void Unmount(const std::string& point);

 private:
  struct Mounted {
    std::string point;
    std::string upper;
  };
  std::vector<Mounted> mounted_;
  bool gave_fuse_ = false;
};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_UNION_TEST_H_
