// Chapter 1: a host name of one's own.

#include <sys/utsname.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter = {"01-uts-ns", {"uts"}};
  return chapter;
}

namespace {

INSTANTIATE_TEST_SUITE_P(UtsNs, CommandContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(UtsNs, ShellContract, kRoot, CallerName);

std::string HostName() {
  utsname names = {};
  uname(&names);
  return names.nodename;
}

std::string DomainName() {
  utsname names = {};
  uname(&names);
  return names.domainname;
}

// Gives the test's own host new names for a while.
class UtsNamesTest : public ContainerTest {
 protected:
  void SetUp() override {
    ContainerTest::SetUp();
    if (IsSkipped()) {
      return;
    }
    ASSERT_EQ(sethostname(host_.data(), host_.size()), 0);
    ASSERT_EQ(setdomainname(domain_.data(), domain_.size()), 0);
  }

  void TearDown() override {
    sethostname(host_before_.data(), host_before_.size());
    setdomainname(domain_before_.data(), domain_before_.size());
    ContainerTest::TearDown();
  }

  const std::string host_ = RandomName();
  const std::string domain_ = RandomName();

 private:
  const std::string host_before_ = HostName();
  const std::string domain_before_ = DomainName();
};

TEST_F(UtsNamesTest, ContainerBeginsWithACopyOfTheNames) {
  EXPECT_THAT(Execute({.args = {"cat", "/proc/sys/kernel/hostname",
                                "/proc/sys/kernel/domainname"}}),
              Prints(host_ + "\n" + domain_ + "\n"));
}

TEST_F(UtsNamesTest, HostNameSetInsideStaysInside) {
  const std::string name = RandomName();
  Process program(
      {.args = {"sh", "-c", "hostname \"$0\"; hostname; read end", name}});
  EXPECT_EQ(program.ReadLine(), name);
  // While the container still has its name.
  EXPECT_EQ(HostName(), host_);
  EXPECT_EQ(AskInside(FindContained(program.pid()), {"uts"}, HostName), name);
  program.Wait();
  EXPECT_EQ(HostName(), host_);
}

TEST_F(UtsNamesTest, DomainNameSetInsideStaysInside) {
  const std::string name = RandomName();
  Process program(
      {.args = {"sh", "-c",
                "echo \"$0\" > /proc/sys/kernel/domainname; echo ready; read x",
                name}});
  EXPECT_EQ(program.ReadLine(), "ready");
  EXPECT_EQ(DomainName(), domain_);
  EXPECT_EQ(AskInside(FindContained(program.pid()), {"uts"}, DomainName), name);
}

// It is a copy, not a view: what happens outside later is not seen.
TEST_F(UtsNamesTest, HostNameSetOutsideStaysOutside) {
  Process program({.args = {"sh", "-c", "echo ready; read go; exec hostname"}});
  ASSERT_EQ(program.ReadLine(), "ready");
  const std::string name = RandomName();
  ASSERT_EQ(sethostname(name.data(), name.size()), 0);
  program.Write("go\n");
  EXPECT_EQ(program.ReadLine(), host_);
}

TEST_F(UtsNamesTest, TwoContainersHaveTwoNames) {
  const std::string script = "hostname \"$0\"; echo; read go; exec hostname";
  const std::string names[] = {RandomName(), RandomName()};
  Process first({.args = {"sh", "-c", script, names[0]}});
  Process second({.args = {"sh", "-c", script, names[1]}});
  for (Process* program : {&first, &second}) {
    EXPECT_EQ(program->ReadLine(), "");  // Both are named before one is asked.
  }
  for (Process* program : {&first, &second}) {
    program->Write("go\n");
  }
  EXPECT_EQ(first.ReadLine(), names[0]);
  EXPECT_EQ(second.ReadLine(), names[1]);
}

}  // namespace
}  // namespace blackbox
