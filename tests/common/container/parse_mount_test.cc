#include "common/container/parse_mount.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/files/volumes.h"
#include "tests/common/status_matchers.h"

namespace mydocker {
namespace {

using ::testing::ElementsAre;

TEST(ParseVolumeTest, SourceIsAPathOrAName) {
  EXPECT_EQ(ParseVolume("/a:/b")->source, "/a");
  EXPECT_EQ(ParseVolume("a/b:/b")->source, "a/b");
  EXPECT_EQ(ParseVolume(".:/b")->source, ".");
  EXPECT_EQ(ParseVolume("../a:/b")->source, "../a");
  EXPECT_EQ(ParseVolume("a-B_1.c:/b")->source, PathOfVolume("a-B_1.c"));
  EXPECT_EQ(VolumeAt(PathOfVolume("x")), "x");
  EXPECT_EQ(VolumeAt("/var/lib/mydocker/volumes/x"), std::nullopt);
  EXPECT_EQ(VolumeAt("/var/lib/mydocker/volumes/../_data"), std::nullopt);
  EXPECT_EQ(VolumeAt("/var/lib/mydocker/volumes/a/b/_data"), std::nullopt);
}

TEST(ParseVolumeTest, TargetIsMadePlain) {
  for (const auto& [text, target] :
       std::vector<std::pair<std::string, std::string>>{
           {"/a:/b", "/b"},
           {"/a:/b/", "/b"},
           {"/a://b//c/", "/b/c"},
           {"/a:/./b/../c", "/c"},
           {"/a:/../../c", "/c"},
           {"/a:/proc/../c", "/c"},
           {"/a:/process", "/process"}}) {
    EXPECT_EQ(ParseVolume(text)->destination, target) << text;
  }
}

TEST(ParseVolumeTest, OptionsAreTheOcis) {
  EXPECT_THAT(ParseVolume("/a:/b")->options, ElementsAre("rbind", "rprivate"));
  EXPECT_THAT(ParseVolume("/a:/b:ro,rslave,nosuid")->options,
              ElementsAre("rbind", "ro", "rslave", "nosuid"));
  EXPECT_EQ(ParseVolume("/a:/b")->type, "bind");
}

TEST(ParseVolumeTest, RefusesOthers) {
  for (const char* text : {"",          ":",           "::",
                           "/a",        "/a:",         ":/b",
                           "/a:b",      "/a:/",        "/a:/.",
                           "/a:/b/..",  "/a:/proc",    "/a:/proc/x",
                           "/a://proc", "/a:/b:",      "/a:/b:x",
                           "/a:/b:ro:", "/a:/b:ro,ro", "/a:/b:ro,rw",
                           "/a:/b:,",   "/a:/b:rbind", "/a:/b:exec",
                           "/a:////",   "/a://proc//", "/a:/b:size=1m",
                           "-a:/b",     "_a:/b",       "\xc3\xa9:/b"}) {
    EXPECT_THAT(ParseVolume(text), HasCode(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(ParseTmpfsTest, HasDockersDefaults) {
  EXPECT_THAT(ParseTmpfs("/a")->options,
              ElementsAre("nosuid", "nodev", "noexec"));
  EXPECT_THAT(
      ParseTmpfs("/a:exec,size=1m,mode=700")->options,
      ElementsAre("nosuid", "nodev", "noexec", "exec", "size=1m", "mode=700"));
  EXPECT_EQ(ParseTmpfs("/a/")->destination, "/a");
  for (const char* text :
       {"", "a", "/", "/proc", "/a:", "/a:size", "/a:size=", "/a:size=1,size=2",
        "/a:exec,noexec", "/a:x=1", "/a:rslave", "/a:ro=1"}) {
    EXPECT_THAT(ParseTmpfs(text), HasCode(absl::StatusCode::kInvalidArgument))
        << text;
  }
}

TEST(ArrangeMountsTest, PutsWhatIsDeeperBehind) {
  std::vector<MountSpec> mounts = {{"/a/b/c", "", "", {}},
                                   {"/z", "", "", {}},
                                   {"/a/b", "", "", {}},
                                   {"/a", "", "", {}}};
  ASSERT_THAT(ArrangeMounts(mounts), IsOk());
  std::vector<std::string> targets;
  for (const MountSpec& mount : mounts) {
    targets.push_back(mount.destination);
  }
  EXPECT_THAT(targets, ElementsAre("/z", "/a", "/a/b", "/a/b/c"));
  mounts.push_back({"/z", "", "", {}});
  EXPECT_THAT(ArrangeMounts(mounts),
              HasCode(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace mydocker
