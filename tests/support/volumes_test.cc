#include "tests/support/volumes_test.h"

#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/held_container.h"
#include "tests/support/workspace.h"

namespace blackbox {

void VolumesTest::TearDown() {
  for (const std::string& name : volumes_) {
    if (access(("/var/lib/mydocker/volumes/" + name).c_str(), F_OK) == 0) {
      EXPECT_THAT(Volume({"rm", name}), Prints(""));
    }
  }
  LayersTest::TearDown();
}

std::string VolumesTest::NewVolume() {
  volumes_.push_back(RandomName());
  return volumes_.back();
}

Result VolumesTest::Try(const std::vector<std::string>& flags,
                        const std::string& script) {
  std::vector<std::string> all = Flags({"base"});
  all.insert(all.end(), flags.begin(), flags.end());
  return Execute({.args = RunWords(all, {"sh", "-c", script})});
}

Result VolumesTest::Volume(const std::vector<std::string>& words) {
  std::vector<std::string> args = {"volume"};
  args.insert(args.end(), words.begin(), words.end());
  return Execute({.args = args});
}

}  // namespace blackbox
