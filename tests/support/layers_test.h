// The fixture for containers with layers.

#ifndef MYDOCKER_TESTS_SUPPORT_LAYERS_TEST_H_
#define MYDOCKER_TESTS_SUPPORT_LAYERS_TEST_H_

#include <set>
#include <string>
#include <vector>

#include "tests/support/container_test.h"
#include "tests/support/program.h"

namespace blackbox {

// The directory in which the program keeps the files of a container with
// layers.
std::string StateOf(const std::string& id);

// The names in a directory; none if it is not there.
std::set<std::string> Names(const std::string& directory);

// Makes a directory for layers, in which "base" is a root file system with an
// empty /etc. After each test, no container's own directory may remain.
class LayersTest : public ContainerTest {
 protected:
  void SetUp() override;
  void TearDown() override;

  // The path of `name` in the directory; of the directory itself for "".
  static std::string Path(const std::string& name);
  // Writes a file there, and makes the directories on the way.
  static void Write(const std::string& name, const std::string& content);

  // The words that name these layers, the lowest first.
  static std::vector<std::string> Flags(const std::vector<std::string>& layers);
  // Runs a shell script in a container with these layers.
  static Result Ask(const std::vector<std::string>& layers,
                    const std::string& script);
  // The same over "base", with the changes kept in "kept".
  static Result Keep(const std::string& script);

 private:
  std::set<std::string> before_;
};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_LAYERS_TEST_H_
