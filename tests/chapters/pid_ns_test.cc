#include <signal.h>
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/terminal.h"

namespace blackbox {
const Chapter& ChapterUnderTest() {
  static const Chapter chapter = {"03-pid-ns", {"uts", "ipc", "pid"}};
  return chapter;
}
namespace {
using PidNsTest = ContainerTest;
TEST_F(PidNsTest, ShellIsProcessOne) {
  EXPECT_THAT(Execute({.args = {"sh", "-c", "echo $$"}}), Prints("1\n"));
}
TEST_F(PidNsTest, Two) {
  Process p({.args = {"sh", "-c", "echo ready; read x"}});
  ASSERT_EQ(p.ReadLine(), "ready");
  pid_t init = FindInit(p.pid());
  EXPECT_THAT(NamespacePids(init), testing::ElementsAre(init, 1));
  EXPECT_EQ(NamespacesThatDiffer(init, getpid()), ChapterUnderTest().namespaces);
  EXPECT_THAT(p.Wait(), ExitsWith(1));
}
TEST_F(PidNsTest, Pty) {
  Terminal t({.args = {"sh"}});
  t.Type("echo $$; echo $((40+2))\n");
  EXPECT_THAT(t.Expect("42"), testing::HasSubstr("1\r\n"));
  t.Type(kCtrlC);
  t.Type("echo $((40+3))\n");
  t.Expect("43");
  t.Type(kCtrlD);
  EXPECT_THAT(t.Wait(), ExitsWith(130));
}
}
}
