// Chapter 10: invalid layers, unsuitable directories for changes, hosts that
// refuse a step. Each is reported in one clear line, and nothing stays.

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/faults.h"
#include "tests/support/held_container.h"
#include "tests/support/layers_test.h"
#include "tests/support/program.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::HasSubstr;

namespace fs = std::filesystem;

class UnionFsErrorTest : public LayersTest {
 protected:
  // If the command ran, it would leave a file in the kept directory.
  static Result Try(const std::vector<std::string>& flags) {
    return Execute({.args = RunWords(flags, {"touch", "/made"})});
  }
  static Result TryToKeep(const std::string& directory) {
    std::vector<std::string> flags = Flags({"base"});
    flags.insert(flags.end(), {"-keep-upper", directory});
    return Try(flags);
  }
};

TEST_F(UnionFsErrorTest, LayerThatIsNotThere) {
  for (const auto& layers : std::vector<std::vector<std::string>>{
           {"nowhere"}, {"base", "nowhere"}, {"nowhere", "base"}}) {
    EXPECT_THAT(Try(Flags(layers)),
                FailsInOneLine(125, AllOf(HasSubstr(Path("nowhere")),
                                          HasSubstr("No such file"))));
  }
}

TEST_F(UnionFsErrorTest, LayerThatIsNoLayer) {
  Write("file", "no archive");
  EXPECT_THAT(Try(Flags({"base", "file"})),
              FailsInOneLine(125, AllOf(HasSubstr(Path("file")),
                                        HasSubstr("tar archive"))));
  EXPECT_THAT(
      Try({"-layer", "/dev/null"}),
      FailsInOneLine(125, AllOf(HasSubstr("/dev/null"), HasSubstr("neither"))));
  EXPECT_THAT(Try({"-layer", ""}), FailsInOneLine(125, HasSubstr("layer")));
  EXPECT_THAT(Try({"-layer"}), FailsInOneLine(125, HasSubstr("layer")));
}

// GNU tar accepts the first and the third as complete.
TEST_F(UnionFsErrorTest, ArchiveThatIsNotWhole) {
  for (int i = 0; i < 5000; ++i) {
    Write(absl::StrCat("many/", i), "x");
  }
  ASSERT_THAT(RunOnHost("cd " + Path("") +
                        "; tar -cf a.tar -C many . && head -c 30000 a.tar "
                        ">cut.tar && head -c 300000 a.tar >long.tar && "
                        "{ cat a.tar; echo rubbish; } >rubbish.tar && "
                        "gzip -c a.tar | head -c 9000 >cut.tgz && "
                        "{ gzip -c a.tar; echo rubbish; } >rubbish.tgz"),
              Prints(""));
  for (const auto& [archive, why] :
       std::vector<std::pair<std::string, std::string>>{
           {"cut.tar", "it is cut off"},
           {"long.tar", "it is cut off"},
           {"rubbish.tar", "behind its end there is something"},
           {"cut.tgz", "gzip: stdin: unexpected end of file"},
           {"rubbish.tgz", "trailing garbage"}}) {
    EXPECT_THAT(Try(Flags({"base", archive})),
                FailsInOneLine(125, AllOf(HasSubstr(Path(archive) + ": "),
                                          HasSubstr(why))));
  }
  EXPECT_THAT(Try(Flags({"base", "a.tar"})), ExitsWith(0));
}

TEST_F(UnionFsErrorTest, ArchiveThatReachesOut) {
  Write("x/file", "");
  Write("out", "");
  ASSERT_THAT(RunOnHost("cd " + Path("x") +
                        " && tar -cPf ../dots.tar file ../out && "
                        "ln file hard && tar -cPf ../hard.tar "
                        "--transform 's,^file,/etc/passwd,RSh' file hard"),
              Prints(""));
  EXPECT_THAT(Try(Flags({"base", "dots.tar"})),
              FailsInOneLine(125, AllOf(HasSubstr("its member ../out: "),
                                        HasSubstr("lead out of the layer"))));
  EXPECT_THAT(
      Try(Flags({"base", "hard.tar"})),
      FailsInOneLine(125, AllOf(HasSubstr("its member hard: "),
                                HasSubstr("a hard link to /etc/passwd: "))));
}

TEST_F(UnionFsErrorTest, ImageIsNoLayer) {
  Write("x/manifest.json", "[]");
  Write("x/0123/layer.tar", "");
  ASSERT_THAT(RunOnHost("tar -cf " + Path("image.tar") + " -C " + Path("x") +
                        " 0123 manifest.json"),
              Prints(""));
  EXPECT_THAT(Try(Flags({"base", "image.tar"})),
              FailsInOneLine(125, AllOf(HasSubstr(Path("image.tar")),
                                        HasSubstr("docker save"))));
}

TEST_F(UnionFsErrorTest, MoreLayersThanOverlayfsTakes) {
  std::vector<std::string> layers = {"base"};
  for (int i = 0; i < 499; ++i) {
    layers.push_back(absl::StrCat(i));
    fs::create_directory(Path(layers.back()));
  }
  EXPECT_THAT(Try(Flags(layers)), ExitsWith(0));
  layers.emplace_back("one-more");
  fs::create_directory(Path("one-more"));
  EXPECT_THAT(Try(Flags(layers)),
              FailsInOneLine(125, AllOf(HasSubstr("501 layers"),
                                        HasSubstr("500 at most"))));
}

TEST_F(UnionFsErrorTest, LayerThatIsGivenTwice) {
  fs::create_symlink("base", Path("link"));
  Write("one/x", "");
  for (const auto& layers :
       std::vector<std::vector<std::string>>{{"base", "base"},
                                             {"base", "one", "base/"},
                                             {"base", "link"},
                                             {"base", "../layers/base"}}) {
    EXPECT_THAT(Try(Flags(layers)),
                FailsInOneLine(125, AllOf(HasSubstr(Path(layers.back())),
                                          HasSubstr("twice"))));
  }
}

TEST_F(UnionFsErrorTest, LayerThatLiesInAnother) {
  EXPECT_THAT(Try(Flags({"base", "base/etc"})),
              FailsInOneLine(125, HasSubstr("lies in another")));
}

TEST_F(UnionFsErrorTest, LayersWithoutARootFileSystem) {
  Write("one/etc/x", "");
  EXPECT_THAT(Try(Flags({"one"})),
              FailsInOneLine(125, AllOf(HasSubstr("proc"),
                                        HasSubstr("make rootfs-busybox"))));
}

// The same trap as in chapter 9, now in a layer.
TEST_F(UnionFsErrorTest, LayerWhoseDevLeadsElsewhere) {
  Write("one/x", "");
  fs::create_symlink("/tmp", Path("one/dev"));
  EXPECT_THAT(Try(Flags({"base", "one"})),
              FailsInOneLine(125, AllOf(HasSubstr("dev"), HasSubstr("link"))));
}

TEST_F(UnionFsErrorTest, EitherRootOrLayers) {
  EXPECT_THAT(
      Try({"-rootfs", Path("base"), "-layer", Path("base")}),
      FailsInOneLine(125, AllOf(HasSubstr("-rootfs"), HasSubstr("-layer"))));
  EXPECT_THAT(Try({"-keep-upper", Path("kept")}),
              FailsInOneLine(
                  125, AllOf(HasSubstr("-keep-upper"), HasSubstr("-layer"))));
  EXPECT_FALSE(fs::exists(Path("kept")));
}

TEST_F(UnionFsErrorTest, PlaceToKeepThatWillNotDo) {
  Write("file", "");
  EXPECT_THAT(TryToKeep(Path("file")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("file")),
                                        HasSubstr("Not a directory"))));
  EXPECT_THAT(TryToKeep(Path("nowhere/kept")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("nowhere/kept")),
                                        HasSubstr("No such file"))));
  for (const std::string& place :
       {Path("base"), Path("base/"), Path("base/etc"), Path("base/new"),
        Path(""), std::string("/")}) {
    EXPECT_THAT(
        TryToKeep(place),
        FailsInOneLine(125, AllOf(HasSubstr(place), HasSubstr(Path("base")))))
        << place;
  }
  EXPECT_FALSE(fs::exists(Path("base/new")));
}

TEST_F(UnionFsErrorTest, PlaceThatAnotherContainerUses) {
  HeldContainer first({"-layer", Path("base"), "-keep-upper", Path("kept")});
  EXPECT_THAT(TryToKeep(Path("kept")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("kept")),
                                        HasSubstr("another container"))));
  EXPECT_THAT(first.End(), ExitsWith(0));
  EXPECT_THAT(TryToKeep(Path("kept")), ExitsWith(0));
}

TEST_F(UnionFsErrorTest, LayerThatAnotherContainerChanges) {
  HeldContainer first({"-layer", Path("base"), "-keep-upper", Path("kept")});
  EXPECT_THAT(Try(Flags({"base", "kept"})),
              FailsInOneLine(125, AllOf(HasSubstr(Path("kept")),
                                        HasSubstr("a container uses it"))));
  // Nor may a container change a directory that another one has as a layer.
  fs::create_directory(Path("other"));
  EXPECT_THAT(Execute({.args = RunWords({"-layer", Path("other"), "-keep-upper",
                                         Path("base")},
                                        {"true"})}),
              FailsInOneLine(125, AllOf(HasSubstr(Path("base")),
                                        HasSubstr("another container"))));
  EXPECT_THAT(Try(Flags({"base"})), ExitsWith(0));
  EXPECT_THAT(first.End(), ExitsWith(0));
}

TEST_F(UnionFsErrorTest, FileSystemsThatAreUnfit) {
  EXPECT_THAT(
      Try({"-layer", "/proc"}),
      FailsInOneLine(125, AllOf(HasSubstr("overlay"), HasSubstr("not fit"))));
  // The test's own overlay: changes cannot be kept on one.
  for (const char* name : {"lower", "upper", "work", "merged"}) {
    fs::create_directory(Path(name));
  }
  const std::string options =
      absl::StrCat("lowerdir=", Path("lower"), ",upperdir=", Path("upper"),
                   ",workdir=", Path("work"));
  ASSERT_EQ(
      mount("overlay", Path("merged").c_str(), "overlay", 0, options.c_str()),
      0);
  EXPECT_THAT(
      TryToKeep(Path("merged/kept")),
      FailsInOneLine(125, AllOf(HasSubstr("overlay"), HasSubstr("not fit"))));
  EXPECT_EQ(Names(Path("merged")), std::set<std::string>{"kept"});
  // Nor can two containers have one directory for their changes. The kernel
  // would let them.
  for (const Result& result :
       {TryToKeep(Path("upper")), Try(Flags({"base", "upper"})),
        TryToKeep(Path("work")),
        Execute({.args = {"commit", Path("upper")}})}) {
    EXPECT_THAT(result,
                FailsInOneLine(125, AllOf(HasSubstr(Path("merged")),
                                          HasSubstr("unmount that first"))));
  }
  EXPECT_EQ(umount(Path("merged").c_str()), 0);
}

TEST_F(UnionFsErrorTest, KernelWithoutOverlayfs) {
  EXPECT_THAT(Execute({.args = RunWords(Flags({"base"}), {"touch", "/made"}),
                       .before_exec = RefuseMountsWithoutFlags}),
              FailsInOneLine(125, AllOf(HasSubstr("ENODEV"),
                                        HasSubstr("modprobe overlay"))));
}

// A file system of the test's own on a directory, as large as `options` says.
class Mounted {
 public:
  Mounted(std::string directory, unsigned long flags, const char* options)
      : directory_(std::move(directory)) {
    fs::create_directories(directory_);
    EXPECT_EQ(mount("tmpfs", directory_.c_str(), "tmpfs", flags, options), 0)
        << directory_;
  }
  ~Mounted() { EXPECT_EQ(umount(directory_.c_str()), 0) << directory_; }

 private:
  const std::string directory_;
};

TEST_F(UnionFsErrorTest, ReadOnlyPlaceToKeep) {
  const Mounted kept(Path("kept"), MS_RDONLY, nullptr);
  EXPECT_THAT(TryToKeep(Path("kept/new")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("kept/new")),
                                        HasSubstr("Read-only file system"))));
}

TEST_F(UnionFsErrorTest, MountAsPlaceToKeep) {
  const Mounted kept(Path("kept"), 0, nullptr);
  EXPECT_THAT(TryToKeep(Path("kept")),
              FailsInOneLine(125, AllOf(HasSubstr(Path("kept")),
                                        HasSubstr("mounted on it"))));
  EXPECT_THAT(TryToKeep(Path("kept/new")), ExitsWith(0));
}

TEST_F(UnionFsErrorTest, ReadOnlyHostIsTold) {
  const Mounted var_lib("/var/lib", MS_RDONLY, nullptr);
  EXPECT_THAT(Try(Flags({"base"})),
              FailsInOneLine(125, AllOf(HasSubstr("/var/lib/mydocker"),
                                        HasSubstr("Read-only file system"))));
}

// Room for one more file each time: each step that makes a file, from the first
// to the last, fails once; with the most room the container runs.
TEST_F(UnionFsErrorTest, FullDiskIsToldWhereverItEnds) {
  int refused = 0;
  bool ran = false;
  for (int files = 1; files < 30 && !ran; ++files) {
    const Mounted var_lib("/var/lib", 0,
                          absl::StrCat("nr_inodes=", files).c_str());
    const Result result =
        Execute({.args = RunWords(Flags({"base"}), {"echo", "ran"})});
    ran = result.exit_status == 0;
    refused += ran ? 0 : 1;
    if (ran) {
      EXPECT_THAT(result, Prints("ran\n"));
    } else {
      EXPECT_THAT(result, FailsInOneLine(
                              125, AllOf(HasSubstr("/var/lib/mydocker"),
                                         HasSubstr("No space left on device"))))
          << files;
    }
    EXPECT_EQ(Names("/var/lib"), std::set<std::string>()) << files;
  }
  EXPECT_TRUE(ran);
  EXPECT_GT(refused, 3);
}

TEST_F(UnionFsErrorTest, ArchiveThatDoesNotFitIsTold) {
  Write("big/etc/file", std::string(1000000, 'x'));
  EXPECT_THAT(
      RunOnHost("tar -cf " + Path("big.tar") + " -C " + Path("big") + " etc"),
      Prints(""));
  const Mounted var_lib("/var/lib", 0, "size=500k");
  EXPECT_THAT(Try(Flags({"base", "big.tar"})),
              FailsInOneLine(125, AllOf(HasSubstr(Path("big.tar")),
                                        HasSubstr("No space left on device"))));
  EXPECT_EQ(Names("/var/lib"), std::set<std::string>());
}

TEST_F(UnionFsErrorTest, CommitToAFullDiskIsTold) {
  const Mounted small(Path("small"), 0, "size=1500k");
  Write("small/kept/etc/file", std::string(1000000, 'x'));
  EXPECT_THAT(Execute({.args = {"commit", Path("small/kept")}}),
              FailsInOneLine(125, AllOf(HasSubstr(Path("small/kept.tar")),
                                        HasSubstr("No space left on device"))));
  EXPECT_EQ(Names(Path("small")), std::set<std::string>{"kept"});
}

TEST_F(UnionFsErrorTest, CommitToAReadOnlyFileSystemIsTold) {
  Write("kept/etc/file", "");
  ASSERT_EQ(
      mount(Path("").c_str(), Path("").c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(mount(nullptr, Path("").c_str(), nullptr,
                  MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
            0);
  EXPECT_THAT(Execute({.args = {"commit", Path("kept")}}),
              FailsInOneLine(125, AllOf(HasSubstr(Path("kept.tar")),
                                        HasSubstr("Read-only file system"))));
  EXPECT_EQ(umount(Path("").c_str()), 0);
}

TEST_F(UnionFsErrorTest, HostWithoutVarLibIsTold) {
  EXPECT_THAT(
      Execute({.args = RunWords(Flags({"base"}), {"touch", "made"}),
               .before_exec =
                   [] {
                     return unshare(CLONE_NEWNS) == 0 &&
                            mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE,
                                  nullptr) == 0 &&
                            mount("tmpfs", "/var", "tmpfs", 0, nullptr) == 0;
                   }}),
      FailsInOneLine(
          125, AllOf(HasSubstr("/var/lib/mydocker"), HasSubstr("No such file"),
                     HasSubstr("there is no /var/lib"))));
}

}  // namespace
}  // namespace blackbox
