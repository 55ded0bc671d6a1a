// Chapter 4: mounts of one's own, and the experiment with propagation.

#include <sys/mount.h>
#include <sys/stat.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/command_contract.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter = {"04-mount-ns", {"uts", "ipc", "pid", "mnt"}};
  return chapter;
}

namespace {

INSTANTIATE_TEST_SUITE_P(MountNs, CommandContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(MountNs, ShellContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(MountNs, PidContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(MountNs, MountContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(MountNs, PropagationFlagContract, kRoot, CallerName);

using MountNsTest = ContainerTest;

// One row of the experiment: on a host whose "/" is shared or private, does a
// mount travel to the other side?
struct Experiment {
  const char* name;
  std::vector<std::string> flags;
  unsigned long host;
  bool into_container;
  bool back_to_host;
};

void PrintTo(const Experiment& experiment, std::ostream* stream) {
  *stream << experiment.name;
}

class PropagationTest : public ContainerTest,
                        public testing::WithParamInterface<Experiment> {};

TEST_P(PropagationTest, MountsTravelAsAskedFor) {
  const std::string inside = TestDirectory() + "/inside";
  const std::string outside = TestDirectory() + "/outside";
  ASSERT_EQ(mkdir(inside.c_str(), 0755), 0);
  ASSERT_EQ(mkdir(outside.c_str(), 0755), 0);

  Invocation invocation = {.args = GetParam().flags};
  invocation.before_exec = HostWithMounts(GetParam().host);
  for (const char* word : {"sh", "-c", "echo ready; read end"}) {
    invocation.args.push_back(word);
  }
  Process program(invocation);
  ASSERT_EQ(program.ReadLine(), "ready");
  // The program itself is still on its host, and so stands for it.
  const pid_t host = program.pid();
  const pid_t container = FindInit(program.pid());

  ASSERT_TRUE(MountInside(host, outside));
  EXPECT_EQ(CountMounts(host, outside), 1);
  EXPECT_EQ(CountMounts(container, outside), GetParam().into_container);

  ASSERT_TRUE(MountInside(container, inside));
  EXPECT_EQ(CountMounts(container, inside), 1);
  EXPECT_EQ(CountMounts(host, inside), GetParam().back_to_host);
}

INSTANTIATE_TEST_SUITE_P(
    MountNs, PropagationTest,
    testing::Values(
        Experiment{"DefaultOnSharedHost", {}, MS_SHARED, false, false},
        Experiment{"DefaultOnPrivateHost", {}, MS_PRIVATE, false, false},
        Experiment{
            "Private", {"-propagation=private"}, MS_SHARED, false, false},
        Experiment{"Slave", {"-propagation=slave"}, MS_SHARED, true, false},
        Experiment{"Shared", {"-propagation=shared"}, MS_SHARED, true, true},
        Experiment{
            "Unchanged", {"-propagation=unchanged"}, MS_SHARED, true, true},
        // What is shared inside only now has no peer outside.
        Experiment{"SharedOnPrivateHost",
                   {"-propagation=shared"},
                   MS_PRIVATE,
                   false,
                   false},
        Experiment{"UnchangedOnPrivateHost",
                   {"-propagation=unchanged"},
                   MS_PRIVATE,
                   false,
                   false}),
    [](const auto& info) { return std::string(info.param.name); });

// What the article's reader ran into. A host's own shell runs the container,
// then looks for itself in /proc.
Invocation HostThatMountsProcInside(const std::string& flags) {
  Invocation host = {
      .args = {"-c", "$RUN " + flags +
                         " mount -t proc proc /proc && "
                         "if test -e /proc/self/stat; then echo whole; "
                         "else echo broken; fi"},
      .program = "sh",
      .leak_check = false};
  host.before_exec = HostWithMounts(MS_SHARED);
  return host;
}

TEST_F(MountNsTest, HostsProcStaysWholeByDefault) {
  EXPECT_THAT(Execute(HostThatMountsProcInside("")), Prints("whole\n"));
}

TEST_F(MountNsTest, HostsProcBreaksWherePropagationIsUnchanged) {
  EXPECT_THAT(Execute(HostThatMountsProcInside("-propagation=unchanged")),
              Prints("broken\n"));
}

// The mounts of a container need no clean-up: they go with their namespace.
TEST_F(MountNsTest, ContainerBeginsWithACopyOfTheMounts) {
  Process program({.args = {"sh", "-c", "echo ready; read end"}});
  ASSERT_EQ(program.ReadLine(), "ready");
  EXPECT_THAT(MountPointsOf(FindInit(program.pid())),
              testing::ContainerEq(MountPointsOf(program.pid())));
}

}  // namespace
}  // namespace blackbox
