// Chapter 10, `-layer` and `-keep-upper`: several directories seen as one, of
// which no container changes any but its own.
//
// union_fs_*_test.cc beside this one are for archives of layers, and for what
// is wrong.

#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/chapter.h"
#include "tests/support/held_container.h"
#include "tests/support/layers_test.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/rootfs.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"10-union-fs",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

using testing::AllOf;
using testing::HasSubstr;

namespace fs = std::filesystem;

using UnionFsTest = LayersTest;

TEST_F(UnionFsTest, LayersAreSeenAsOneTheLastOnTop) {
  Write("one/etc/which", "one\n");
  Write("one/etc/only-one", "");
  Write("two/etc/which", "two\n");
  Write("two/etc/only-two", "");
  EXPECT_THAT(Ask({"base", "one", "two"}, "cat /etc/which; ls /etc"),
              Prints("two\nonly-one\nonly-two\nwhich\n"));
  EXPECT_THAT(Ask({"base", "two", "one"}, "cat /etc/which; ls /etc"),
              Prints("one\nonly-one\nonly-two\nwhich\n"));
}

// Byte for byte, with times and permissions.
TEST_F(UnionFsTest, LayersStayAsTheyWere) {
  Write("one/etc/file", "before\n");
  Write("one/home/deleted/file", "");
  const std::map<std::string, std::string> before = Inventory(Path(""));
  EXPECT_THAT(Ask({"base", "one"},
                  "echo after >/etc/file; rm -r /home/deleted; chmod 700 /etc; "
                  "mv /root /root2; rm /bin/wc; cat /etc/file"),
              Prints("after\n"));
  EXPECT_EQ(Inventory(Path("")), before);
}

TEST_F(UnionFsTest, ChangesGoWithTheContainer) {
  EXPECT_THAT(Ask({"base"}, "echo x >/etc/new; cat /etc/new"), Prints("x\n"));
  EXPECT_THAT(Ask({"base"}, "ls /etc"), Prints(""));
}

TEST_F(UnionFsTest, ContainersDoNotSeeEachOthersChanges) {
  Write("base/etc/shared", "before\n");
  HeldContainer one({"-layer", Path("base")},
                    "echo one >/etc/shared; echo >/etc/one");
  HeldContainer other({"-layer", Path("base")}, "rm /etc/shared");
  const auto look = [](const HeldContainer& container) {
    return AskInside(container.init(), {"mnt"}, [] {
      return absl::StrCat(ReadFile("/etc/shared"),
                          access("/etc/one", F_OK) == 0 ? "one" : "none");
    });
  };
  EXPECT_EQ(look(one), "one\none");
  EXPECT_EQ(look(other), "none");
  EXPECT_EQ(ReadFile(Path("base/etc/shared")), "before\n");
  EXPECT_THAT(one.End(1), ExitsWith(1));
  EXPECT_EQ(look(other), "none");
  EXPECT_THAT(other.End(2), ExitsWith(2));
}

TEST_F(UnionFsTest, NoMountOfTheHostsIsThere) {
  EXPECT_THAT(Ask({"base"},
                  "cut -d' ' -f5 /proc/self/mountinfo | sort; "
                  "head -1 /proc/mounts | cut -d' ' -f1-3"),
              Prints("/\n/dev\n/dev/pts\n/dev/shm\n/proc\n/sys\n"
                     "overlay / overlay\n"));
}

TEST_F(UnionFsTest, ManyLayersFit) {
  std::vector<std::string> layers = {"base"};
  for (int i = 0; i < 100; ++i) {
    // Long names: the kernel has one page for all of them.
    layers.push_back(absl::StrCat("layer-", std::string(100, 'x'), i));
    Write(absl::StrCat(layers.back(), "/etc/", i), "");
  }
  EXPECT_THAT(Ask(layers, "ls /etc | wc -l"), Prints("100\n"));
}

// A colon and a comma have a meaning in the options of overlayfs.
TEST_F(UnionFsTest, LayersMayHaveStrangeNames) {
  std::vector<std::string> layers = {"base"};
  for (const char* name : {"a:b", "a,b", "a b", "a\\b", "a\nb", "-v", "\"'"}) {
    layers.emplace_back(name);
    Write(absl::StrCat(name, "/etc/", layers.size()), "");
  }
  EXPECT_THAT(Ask(layers, "cd /etc; echo *"), Prints("2 3 4 5 6 7 8\n"));
}

TEST_F(UnionFsTest, LayerMayBeRelativeOrALink) {
  Write("one/etc/one", "");
  fs::create_symlink("one", Path("link"));
  EXPECT_THAT(Execute({.args = RunWords({"-layer", "base/", "-layer=./link"},
                                        {"ls", "/etc"}),
                       .directory = Path("")}),
              Prints("one\n"));
}

TEST_F(UnionFsTest, KeptChangesAreThereAfterwards) {
  Write("base/etc/deleted", "");
  Write("base/etc/changed", "before\n");
  EXPECT_THAT(Keep("echo new >/home/new; rm /etc/deleted; "
                   "echo after >>/etc/changed"),
              Prints(""));
  EXPECT_EQ(ReadFile(Path("kept/home/new")), "new\n");
  EXPECT_EQ(ReadFile(Path("kept/etc/changed")), "before\nafter\n")
      << "the whole file was copied up";
  struct stat whiteout = {};
  ASSERT_EQ(stat(Path("kept/etc/deleted").c_str(), &whiteout), 0);
  EXPECT_TRUE(S_ISCHR(whiteout.st_mode));
  EXPECT_EQ(whiteout.st_rdev, makedev(0, 0));
  // What was not changed is not there, and nothing is beside it.
  EXPECT_FALSE(fs::exists(Path("kept/bin")));
  EXPECT_EQ(Names(Path("")), (std::set<std::string>{"base", "kept"}));
}

// "/" is as the layers have it, whatever mktemp or the umask made of the place.
TEST_F(UnionFsTest, UsersMayEnterWhatIsKeptInAPrivatePlace) {
  fs::create_directory(Path("kept"));
  ASSERT_EQ(chmod(Path("kept").c_str(), 0700), 0);
  EXPECT_THAT(Keep("stat -c '%a %u:%g' /; chmod 711 /; echo >/etc/x"),
              Prints("755 0:0\n"));
  EXPECT_THAT(Keep("stat -c %a /"), Prints("711\n")) << "it is a change";
  ASSERT_EQ(chmod(Path("base").c_str(), 0751), 0);
  ASSERT_EQ(chown(Path("base").c_str(), 7, 8), 0);
  std::vector<std::string> flags = Flags({"base"});
  flags.insert(flags.end(), {"-keep-upper", Path("new")});
  EXPECT_THAT(Execute({.args = RunWords(flags, {"stat", "-c", "%a %u:%g", "/"}),
                       .before_exec = [] { return umask(077) != 0; }}),
              Prints("751 7:8\n"));
  EXPECT_THAT(Ask({"base"}, "stat -c '%a %u:%g' /"), Prints("751 7:8\n"));
}

TEST_F(UnionFsTest, KeptChangesCanBeGoneOnWith) {
  EXPECT_THAT(Keep("echo 1 >/etc/one"), Prints(""));
  EXPECT_THAT(Keep("cat /etc/one; echo 2 >/etc/two"), Prints("1\n"));
  EXPECT_EQ(Names(Path("kept/etc")), (std::set<std::string>{"one", "two"}));
}

TEST_F(UnionFsTest, KeptChangesCanBeALayer) {
  Write("base/etc/deleted", "");
  Write("base/home/replaced/old", "");
  EXPECT_THAT(Keep("rm /etc/deleted; rm -r /home/replaced; "
                   "mkdir /home/replaced; echo >/home/replaced/new"),
              Prints(""));
  EXPECT_THAT(Ask({"base", "kept"}, "ls /etc /home/replaced"),
              Prints("/etc:\n\n/home/replaced:\nnew\n"));
}

TEST_F(UnionFsTest, ChangesAreKeptThoughTheCommandFails) {
  EXPECT_THAT(Keep("echo 1 >/etc/one; exit 3"), ExitsWith(3));
  EXPECT_EQ(Names(Path("kept/etc")), (std::set<std::string>{"one"}));
}

// What overlayfs would note in attributes is not noted: no archive has them.
TEST_F(UnionFsTest, DirectoryThatIsRenamedIsCopied) {
  Write("base/home/old/file", "content\n");
  EXPECT_THAT(Keep("mv /home/old /home/new"), Prints(""));
  EXPECT_EQ(ReadFile(Path("kept/home/new/file")), "content\n");
  EXPECT_EQ(getxattr(Path("kept/home/new").c_str(), "trusted.overlay.redirect",
                     nullptr, 0),
            -1);
}

TEST_F(UnionFsTest, WhatAContainerChangesIsSeenOutsideWhileItRuns) {
  HeldContainer container({"-layer", Path("base")}, "echo x >/etc/new");
  const std::string upper =
      absl::StrCat(StateOf(container.Cgroups().id()), "/upper");
  EXPECT_EQ(ReadFile(upper + "/etc/new"), "x\n");
  EXPECT_EQ(Names(upper), (std::set<std::string>{"etc"}));
  EXPECT_THAT(container.End(), ExitsWith(0));
  EXPECT_FALSE(fs::exists(upper));
}

// pitfalls: fault 3. SIGKILL leaves no time to clean up; the next run does.
TEST_F(UnionFsTest, NextRunRemovesWhatAKilledOneLeft) {
  std::string state;
  {
    HeldContainer fresh({"-layer", Path("base")});
    HeldContainer kept({"-layer", Path("base"), "-keep-upper", Path("kept")},
                       "echo x >/etc/new");
    state = StateOf(fresh.Cgroups().id());
    for (HeldContainer* container : {&fresh, &kept}) {
      container->run().Signal(SIGKILL);
      EXPECT_TRUE(WaitForEnd(container->init()));
      container->run().Wait();
    }
  }
  EXPECT_TRUE(fs::exists(state));
  // A container that lives is left alone meanwhile.
  HeldContainer alive({"-layer", Path("base")}, "echo x >/etc/new");
  EXPECT_FALSE(fs::exists(state));
  EXPECT_THAT(Ask({"base"}, "echo again"), Prints("again\n"));
  EXPECT_EQ(
      AskInside(alive.init(), {"mnt"}, [] { return ReadFile("/etc/new"); }),
      "x\n");
  alive.End();
  EXPECT_EQ(Names(Path("")), (std::set<std::string>{"base", "kept"}));
  EXPECT_EQ(ReadFile(Path("kept/etc/new")), "x\n");
}

// At each moment that the program tells of: what is made by then goes again.
// `run` has not yet made anything, or makes the layers, or waits, or removes
// them.
TEST_F(UnionFsTest, SignalLeavesNothingWheneverItComes) {
  Write("one/etc/one", "");
  EXPECT_THAT(
      RunOnHost("tar -cf '" + Path("one.tar") + "' -C '" + Path("one") + "' ."),
      Prints(""));
  std::vector<std::string> flags = Flags({"base", "one.tar"});
  flags.insert(flags.end(), {"-verbose", "-keep-upper", Path("kept")});
  const Invocation invocation = {.args = RunWords(flags, {"true"})};
  const Result whole = Execute(invocation);
  const auto lines = std::count(whole.err.begin(), whole.err.end(), '\n');
  EXPECT_GT(lines, 10) << whole;
  const std::set<std::string> states = Names(StateOf(""));
  const std::set<std::string> files = Names(Path(""));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    for (int moment = 0; moment < lines; ++moment) {
      Process run(invocation);
      for (int line = 0; line < moment; ++line) {
        run.ReadErrorLine();
      }
      run.Signal(signal);
      const Result result = run.Wait();
      // It came before `run` was ready for it, or when all was done already.
      EXPECT_TRUE(result.signal == signal || result.exit_status == 0 ||
                  result.exit_status > 128)
          << result;
      // At once: the next run would remove it.
      EXPECT_EQ(Names(StateOf("")), states) << signal << " after " << moment;
      EXPECT_EQ(Names(Path("")), files) << signal << " after " << moment;
    }
  }
}

TEST_F(UnionFsTest, ManyContainersMayStartAndEndAtTheSameTime) {
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<Process>> runs;
    for (int i = 0; i < 20; ++i) {
      runs.push_back(std::make_unique<Process>(
          Invocation{.args = RunWords({"-layer", Path("base")},
                                      {"sh", "-c",
                                       absl::StrCat("echo ", i,
                                                    " >/etc/mine; cat "
                                                    "/etc/mine")})}));
    }
    for (int i = 0; i < 20; ++i) {
      EXPECT_THAT(runs[i]->Wait(), Prints(absl::StrCat(i, "\n")));
    }
  }
}

TEST_F(UnionFsTest, VerboseTellsTheLayers) {
  const Result result = Execute(
      {.args = RunWords({"-verbose", "-layer", Path("base")}, {"true"})});
  EXPECT_THAT(result, ExitsWith(0));
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, AllOf(HasSubstr("layer 0 is " + Path("base")),
                                HasSubstr("mounted overlay on")));
}

TEST_F(UnionFsTest, ADirectoryForARootIsStillPossible) {
  EXPECT_THAT(Execute({.args = RunWords({"-rootfs", Path("base")},
                                        {"sh", "-c", "echo x >/etc/new"})}),
              Prints(""));
  EXPECT_EQ(ReadFile(Path("base/etc/new")), "x\n");
}

}  // namespace
}  // namespace blackbox
