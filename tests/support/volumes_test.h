// The fixture for containers with volumes.

#ifndef MYDOCKER_TESTS_SUPPORT_VOLUMES_TEST_H_
#define MYDOCKER_TESTS_SUPPORT_VOLUMES_TEST_H_

#include <string>
#include <vector>

#include "tests/support/layers_test.h"
#include "tests/support/program.h"

namespace blackbox {

// After each test, the volumes that it has named are removed.
class VolumesTest : public LayersTest {
 protected:
  void TearDown() override;

  // A name for a volume that no other test has.
  std::string NewVolume();

  // The outcome of a shell's `script` in a container over "base".
  static Result Try(const std::vector<std::string>& flags,
                    const std::string& script);
  // The outcome of `mydocker volume WORDS`.
  static Result Volume(const std::vector<std::string>& words);

 private:
  std::vector<std::string> volumes_;
};

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_VOLUMES_TEST_H_
