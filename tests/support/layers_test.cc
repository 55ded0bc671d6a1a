#include "tests/support/layers_test.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/held_container.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

constexpr char kState[] = "/var/lib/mydocker";

}  // namespace

std::string StateOf(const std::string& id) {
  return absl::StrCat(kState, "/", id);
}

std::set<std::string> Names(const std::string& directory) {
  std::set<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    names.insert(entry.path().filename());
  }
  return names;
}

void LayersTest::SetUp() {
  ContainerTest::SetUp();
  if (!IsSkipped()) {
    SKIP_IF(WhyNoTool("busybox"));
    before_ = Names(kState);
    fs::create_directory(Path(""));
    MakeRootfs("layers/base");
  }
}

void LayersTest::TearDown() {
  if (!IsSkipped()) {
    EXPECT_EQ(Names(kState), before_) << "a container's directory stays";
  }
  ContainerTest::TearDown();
}

std::string LayersTest::Path(const std::string& name) {
  return absl::StrCat(TestDirectory(), "/layers", name.empty() ? "" : "/",
                      name);
}

void LayersTest::Write(const std::string& name, const std::string& content) {
  fs::create_directories(fs::path(Path(name)).parent_path());
  std::ofstream(Path(name), std::ios::binary) << content;
}

std::vector<std::string> LayersTest::Flags(
    const std::vector<std::string>& layers) {
  std::vector<std::string> flags;
  for (const std::string& layer : layers) {
    flags.insert(flags.end(), {"-layer", Path(layer)});
  }
  return flags;
}

Result LayersTest::Ask(const std::vector<std::string>& layers,
                       const std::string& script) {
  return Execute({.args = RunWords(Flags(layers), {"sh", "-c", script})});
}

Result LayersTest::Keep(const std::string& script) {
  std::vector<std::string> flags = Flags({"base"});
  flags.insert(flags.end(), {"-keep-upper", Path("kept")});
  return Execute({.args = RunWords(flags, {"sh", "-c", script})});
}

}  // namespace blackbox
