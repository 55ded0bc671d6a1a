// It makes the machine's own /var/lib/mydocker and mounts, so it needs root.

#include "common/files/overlay.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "common/base/container_id.h"
#include "common/files/layered_files.h"
#include "common/namespaces/mounts.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"

namespace mydocker {
namespace {

namespace fs = std::filesystem;

class OverlayTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "only root can mount layers";
    }
    directory_.Write("one/file", "one");
    directory_.Write("two/file", "two");
  }

  absl::StatusOr<LayeredFiles> Create(const std::vector<std::string>& layers,
                                      const std::string& keep = "") const {
    std::vector<std::string> paths;
    paths.reserve(layers.size());
    for (const std::string& layer : layers) {
      paths.push_back(directory_.File(layer));
    }
    return LayeredFiles::Create(id_, paths,
                                keep.empty() ? "" : directory_.File(keep));
  }

  const std::string id_ = *NewContainerId();
  const std::string path_ = "/var/lib/mydocker/" + id_;
  const TempDirectory directory_;
};

TEST_F(OverlayTest, WithoutLayersThereIsNothing) {
  absl::StatusOr<LayeredFiles> files = Create({});
  ASSERT_THAT(files, IsOk());
  EXPECT_EQ(files->path(), "");
  EXPECT_FALSE(fs::exists(path_));
  EXPECT_THAT(files->Remove(), IsOk());
}

TEST_F(OverlayTest, OpaqueLayerHidesAllBelow) {
  directory_.Write("above/new", "new");
  ASSERT_EQ(setxattr(directory_.File("above").c_str(), "trusted.overlay.opaque",
                     "y", 1, 0),
            0);
  const absl::StatusOr<LayeredFiles> files = Create({"one", "above", "two"});
  ASSERT_THAT(files, IsOk());
  InFork([&] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    fs::remove(directory_.File("two/file"));
    const absl::StatusOr<std::string> merged = MountLayers(files->path());
    ASSERT_THAT(merged, IsOk());
    EXPECT_TRUE(fs::exists(*merged + "/new"));
    EXPECT_FALSE(fs::exists(*merged + "/file"));
  });
}

// Without the error the container would start, and lack files.
TEST_F(OverlayTest, LayerThatHasGoneIsTold) {
  const absl::StatusOr<LayeredFiles> files = Create({"one", "two"});
  ASSERT_THAT(files, IsOk());
  fs::remove_all(directory_.File("two"));
  InFork([&] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    EXPECT_THAT(MountLayers(files->path()), HasErrno(ENOENT));
  });
}

TEST_F(OverlayTest, TakesNothingFromWhereContainersHaveTheirFiles) {
  const fs::path parent = "/var/lib/mydocker";
  fs::create_directories(parent / "of-mine");
  EXPECT_THAT(LayeredFiles::Create(id_, {parent / "of-mine"}, ""),
              Says("is for what goes with a container"));
  EXPECT_THAT(
      LayeredFiles::Create(id_, {directory_.File("one")}, parent / "of-mine"),
      Says("is for what goes with a container"));
  fs::remove(parent / "of-mine");
  fs::remove(parent);
}

}  // namespace
}  // namespace mydocker
