// Chapter 8, ways out of a container that were found in others, by the number
// under which they became known.
//
// This container sees the host's files, and its root may write to all of them:
// most ways out need not be looked for. docs/security.md says so.
// rootfs_escape_test.cc has those that chapter 9 closes.

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/held_container.h"
#include "tests/support/network.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"08-run-init",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

using RunInitEscapeTest = ContainerTest;

// pitfalls: fault 12. What the caller of `run` has open, and what `run` itself
// has: the directories of the cgroups, the pipe, its own program.
TEST_F(RunInitEscapeTest, CVE_2024_21626_NoDescriptorLeaks) {
  const std::string folder = TestDirectory();
  HeldContainer container(
      {}, ":", {.before_exec = [folder] {
        for (const int fd : {3, 4, 5, 7, 10, 11, 100}) {
          const int opened = open(folder.c_str(), O_RDONLY | O_DIRECTORY);
          if (opened != fd && (dup2(opened, fd) < 0 || close(opened) != 0)) {
            return false;
          }
        }
        return true;
      }});
  EXPECT_THAT(OpenFiles(container.init()), testing::ElementsAre(0, 1, 2));
  EXPECT_THAT(container.End(), ExitsWith(0));
}

// No process of ours stays with the command: what is to be seen in its PID
// namespace is what it has started itself, so there is no program of the host's
// to be taken over or traced.
TEST_F(RunInitEscapeTest, CVE_2016_9962_NoProcessOfOursInside) {
  EXPECT_THAT(Execute({.args = RunWords({}, {"sh", "-c",
                                             "echo /proc/[0-9]*; readlink -f "
                                             "/proc/1/exe /bin/sh | uniq | "
                                             "wc -l"})}),
              Prints("/proc/1\n1\n"));
}

// A socket with a name but no file: no root file system hides it.
TEST_F(RunInitEscapeTest, CVE_2020_15257_AbstractSocketsStayOutside) {
  const std::string name = RandomName();
  const int server = ListenByName(name);
  ASSERT_GE(server, 0) << strerror(errno);
  HeldContainer container;
  const auto connect = [&name] { return ConnectByName(name); };
  EXPECT_EQ(AskInside(container.run().pid(), {"net"}, connect), "connected");
  EXPECT_EQ(AskInside(container.init(), {"net"}, connect),
            strerror(ECONNREFUSED));
  EXPECT_THAT(container.End(), ExitsWith(0));
  close(server);
}

}  // namespace
}  // namespace blackbox
