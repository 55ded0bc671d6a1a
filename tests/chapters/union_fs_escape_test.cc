// Chapter 10: the escapes that chapter 9 stops are stopped with layers too.
// More could stay open here: `run` holds locks on the container's own directory
// and on the kept one, and `init` changes to the container's directory to
// mount.

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/held_container.h"
#include "tests/support/layers_test.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::HasSubstr;

class UnionFsEscapeTest : public LayersTest {
 protected:
  void SetUp() override {
    LayersTest::SetUp();
    if (!IsSkipped()) {
      Write("hosts/secret", name_);
    }
  }

  // For Invocation::before_exec: the caller of `run` is in a directory of the
  // host's, and has it open as 3, 4, … 19.
  static bool LeaveHostsDirectoryOpen() {
    const std::string folder = Path("hosts");
    for (int fd = 3; fd < 20; ++fd) {
      const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY);
      if (opened != fd && (dup2(opened, fd) < 0 || close(opened) != 0)) {
        return false;
      }
    }
    return chdir(folder.c_str()) == 0;
  }

  // Flags of a container that takes every lock there is.
  static std::vector<std::string> AllFlags() {
    return {"-layer", Path("base"), "-keep-upper", Path("kept")};
  }

  const std::string name_ = RandomName();
};

TEST_F(UnionFsEscapeTest, StandardStreamsAreAllThatIsOpenInside) {
  HeldContainer container(AllFlags(), ":",
                          {.before_exec = LeaveHostsDirectoryOpen});
  EXPECT_THAT(OpenFiles(container.init()), ElementsAre(0, 1, 2));
  for (const char* link : {"cwd", "root"}) {
    EXPECT_EQ(
        fs::read_symlink(absl::StrCat("/proc/", container.init(), "/", link)),
        "/")
        << link;
  }
  EXPECT_THAT(container.End(), ExitsWith(0));
}

// From each directory that is open ".." would lead to the host; and from the
// container's own, to the lower layers and to what others have changed.
TEST_F(UnionFsEscapeTest, CVE_2024_21626_NoDirectoryOfTheHostsIsOpen) {
  const Result result = Execute(
      {.args = RunWords(AllFlags(),
                        {"sh", "-c",
                         "for way in /proc/self/fd/* /proc/1/fd/* /proc/*/cwd "
                         "/proc/*/root; do cat $way/secret "
                         "$way/../hosts/secret $way/" +
                             Path("hosts/secret") +
                             "; ls -d $way/merged $way/upper $way/l $way" +
                             StateOf("*") + "; done 2>/dev/null; echo tried"}),
       .before_exec = LeaveHostsDirectoryOpen});
  EXPECT_THAT(result, Prints("tried\n"));
}

// A command whose path takes such a way: each would be a program if `init` were
// still in the directory in which it looked for it.
TEST_F(UnionFsEscapeTest, CVE_2024_21626_CommandBesideTheRoot) {
  fs::copy_file(Path("base/bin/busybox"), Path("hosts/echo"));
  for (const std::string command :
       {"/proc/self/cwd/echo", "/proc/self/fd/3/echo",
        "/proc/self/cwd/l/0/bin/echo", "/proc/self/cwd/merged/bin/echo"}) {
    EXPECT_THAT(Execute({.args = RunWords(AllFlags(), {command, "escaped"}),
                         .before_exec = LeaveHostsDirectoryOpen}),
                FailsInOneLine(127, HasSubstr(command)));
  }
}

// The program that walks out of a chroot: see rootfs_test.cc.
TEST_F(UnionFsEscapeTest, EscapeDoesNotLeaveTheContainer) {
  const std::string program = "build/chapters/09-rootfs/escape/escape";
  SKIP_IF(fs::exists(program) ? ""
                              : "the program escape is not built: make escape");
  fs::copy_file(program, Path("base/escape"));
  const std::string secret = Path("hosts/secret");
  EXPECT_THAT(Execute({.args = {Path("base"), "/escape", "cat", secret},
                       .program = "chroot"}),
              Prints(name_));
  EXPECT_THAT(
      Execute({.args = RunWords(AllFlags(), {"/escape", "cat", secret})}),
      FailsInOneLine(1, HasSubstr("no way out")));
}

}  // namespace
}  // namespace blackbox
