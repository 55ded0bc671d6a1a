// Chapter 10, `-layer` and `-keep-upper`: several directories seen as one. A
// container changes only its own.
//
// union_fs_*_test.cc beside this one test archives of layers, and errors.

#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/held_container.h"
#include "tests/support/layers_test.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::HasSubstr;

namespace fs = std::filesystem;

using UnionFsTest = LayersTest;

TEST_F(UnionFsTest, LayerMayBeRelativeOrALink) {
  Write("one/etc/one", "");
  fs::create_symlink("one", Path("link"));
  EXPECT_THAT(Execute({.args = RunWords({"-layer", "base/", "-layer=./link"},
                                        {"ls", "/etc"}),
                       .directory = Path("")}),
              Prints("one\n"));
}

// "/" has the permissions of the layers, whatever mktemp or the umask gave the
// directory.
TEST_F(UnionFsTest, UsersMayEnterWhatIsKeptInAPrivatePlace) {
  fs::create_directory(Path("kept"));
  ASSERT_EQ(chmod(Path("kept").c_str(), 0700), 0);
  EXPECT_THAT(Keep("stat -c '%a %u:%g' /; chmod 711 /; echo >/etc/x"),
              Prints("755 0:0\n"));
  EXPECT_THAT(Keep("stat -c %a /"), Prints("711\n")) << "the mode is a change";
  ASSERT_EQ(chmod(Path("base").c_str(), 0751), 0);
  ASSERT_EQ(chown(Path("base").c_str(), 7, 8), 0);
  std::vector<std::string> flags = Flags({"base"});
  flags.insert(flags.end(), {"-keep-upper", Path("new")});
  EXPECT_THAT(Execute({.args = RunWords(flags, {"stat", "-c", "%a %u:%g", "/"}),
                       .before_exec = [] { return umask(077) != 0; }}),
              Prints("751 7:8\n"));
  EXPECT_THAT(Ask({"base"}, "stat -c '%a %u:%g' /"), Prints("751 7:8\n"));
}

TEST_F(UnionFsTest, ChangesAreKeptThoughTheCommandFails) {
  EXPECT_THAT(Keep("echo 1 >/etc/one; exit 3"), ExitsWith(3));
  EXPECT_EQ(Names(Path("kept/etc")), (std::set<std::string>{"one"}));
}

// overlayfs must not record the rename in extended attributes: no archive
// contains them.
TEST_F(UnionFsTest, DirectoryThatIsRenamedIsCopied) {
  Write("base/home/old/file", "content\n");
  EXPECT_THAT(Keep("mv /home/old /home/new"), Prints(""));
  EXPECT_EQ(ReadFile(Path("kept/home/new/file")), "content\n");
  // Only the change is there, and nothing is beside the directory.
  EXPECT_EQ(Names(Path("kept")), std::set<std::string>{"home"});
  EXPECT_EQ(Names(Path("")), (std::set<std::string>{"base", "kept"}));
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

// SIGKILL leaves no time to clean up; the next run does it.
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
  // A living container is left alone meanwhile.
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

// A signal at each step that the program reports: all that was made by then is
// removed. `run` has not yet made anything, or makes the layers, or waits, or
// removes them.
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
      // The signal came before `run` was ready for it, or after everything was
      // done.
      EXPECT_TRUE(result.signal == signal || result.exit_status == 0 ||
                  result.exit_status > 128)
          << result;
      // Checked at once, for the next run would remove leftovers.
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

}  // namespace
}  // namespace blackbox
