// What a program with a user namespace promises, from chapter 5 on.

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/support/cgroups.h"
#include "tests/support/command_contract.h"
#include "tests/support/faults.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(UserContract);

// Who the caller is on the host.
std::string CallersUid(Caller caller) {
  return caller == Caller::kRootUser ? "0" : absl::StrCat(kOrdinaryUser);
}

// Who somebody is that no map knows: 65534, unless the host has another number
// for it.
std::string Nobody(const std::string& kind) {
  std::string number = ReadFile("/proc/sys/kernel/overflow" + kind);
  number.pop_back();  // The line's end.
  return number;
}

std::vector<std::string> WordsIn(const std::string& path) {
  return absl::StrSplit(ReadFile(path), absl::ByAnyChar(" \n"),
                        absl::SkipEmpty());
}

TEST_P(UserContract, CallerIsRootInside) {
  EXPECT_THAT(Execute(Shell("id -u; id -g")), Prints("0\n0\n"));
}

TEST_P(UserContract, WithoutAMapCallerIsNobodyInside) {
  Invocation invocation = Words({"-map=none", "sh", "-c", "id -u; id -g"});
  EXPECT_THAT(Execute(invocation),
              Prints(absl::StrCat(Nobody("uid"), "\n", Nobody("gid"), "\n")));
}

// In both cases, and however it looks inside: the kernel's files for the
// process as the host sees it.
TEST_P(UserContract, CallerIsWhoItWasOutside) {
  const std::string uid = CallersUid(GetParam());
  for (const std::string map : {"-map=root", "-map=none"}) {
    SCOPED_TRACE(map);
    Process program(Words({map, "sh", "-c", "echo ready; read end"}));
    ASSERT_EQ(program.ReadLine(), "ready");
    const pid_t contained = FindContained(program.pid());
    EXPECT_THAT(StatusField(contained, "Uid"), AllOf(SizeIs(4), Each(uid)));
    EXPECT_THAT(StatusField(contained, "Gid"), AllOf(SizeIs(4), Each(uid)));
  }
}

TEST_P(UserContract, MapsSayWhoIsWho) {
  const std::string uid = CallersUid(GetParam());
  Process program(Shell("echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  const std::string proc = absl::StrCat("/proc/", FindContained(program.pid()));
  EXPECT_THAT(WordsIn(proc + "/uid_map"), ElementsAre("0", uid, "1"));
  EXPECT_THAT(WordsIn(proc + "/gid_map"), ElementsAre("0", uid, "1"));
  EXPECT_THAT(WordsIn(proc + "/setgroups"), ElementsAre("deny"));
}

TEST_P(UserContract, WithoutAMapTheMapsAreEmpty) {
  Process program(Words({"-map=none", "sh", "-c", "echo ready; read end"}));
  ASSERT_EQ(program.ReadLine(), "ready");
  const std::string proc = absl::StrCat("/proc/", FindContained(program.pid()));
  EXPECT_THAT(WordsIn(proc + "/uid_map"), ElementsAre());
  EXPECT_THAT(WordsIn(proc + "/gid_map"), ElementsAre());
}

// Not only written in a file: the call is refused. Who is in a group that may
// *not* do something must not be able to leave it.
TEST_P(UserContract, CVE_2014_8989_GroupsCannotBeGivenUp) {
  Process program(Shell("echo ready; read end"));
  ASSERT_EQ(program.ReadLine(), "ready");
  EXPECT_EQ(AskInside(FindContained(program.pid()), {"user"},
                      [] {
                        return std::string(setgroups(0, nullptr) == 0
                                               ? "given up"
                                               : strerror(errno));
                      }),
            strerror(EPERM));
}

// The attack of CVE-2022-0492 needs no capability on the host: root of a user
// namespace makes a cgroup namespace, which is his, may therefore mount a
// hierarchy of v1, and writes into it which program the kernel is to start on
// the host. The first half is allowed to this day. So that the file is there,
// the caller is in the root of the hierarchy.
TEST_P(UserContract, CVE_2022_0492_ReleaseAgentCannotBeSet) {
  SKIP_IF(WhyNoV1("pids"));
  const std::string root = FindController("pids")->mount_point;
  const std::string agent = ReadFile(root + "/release_agent");
  Invocation attack =
      Words({"unshare", "--cgroup", "sh", "-c",
             "mount -t cgroup -o pids none \"$0\" && cd \"$0\" && "
             "ls release_agent && echo \"$0/agent\" | tee release_agent "
             ">/dev/null && echo written",
             TestDirectory()});
  attack.before_exec = [root] {
    return static_cast<bool>(std::ofstream(root + "/cgroup.procs")
                             << "0\n"
                             << std::flush);
  };
  const Result result = Execute(attack);
  EXPECT_NE(result.exit_status, 0);
  EXPECT_EQ(result.out, "release_agent\n") << result;
  EXPECT_THAT(result.err, AnyOf(HasSubstr("Operation not permitted"),
                                HasSubstr("Permission denied")));
  const std::string now = ReadFile(root + "/release_agent");
  EXPECT_EQ(now, agent);
  if (now != agent) {
    std::ofstream(root + "/release_agent") << agent;
  }
}

// Without a cgroup namespace of its own, or with a hierarchy that is not there
// yet, not even that.
TEST_P(UserContract, CVE_2022_0492_HierarchyCannotBeMade) {
  const std::string mount = absl::StrCat(
      "mount -t cgroup -o none,name=", RandomName(), " none ", TestDirectory());
  for (const std::string& command : {mount, "unshare --cgroup " + mount}) {
    EXPECT_THAT(Execute(Shell(command)), ExitsWith(32)) << command;
  }
}

TEST_P(UserContract, RootInsideMayMountAndRename) {
  const std::string name = RandomName();
  const std::string script = absl::StrCat(
      "mount -t tmpfs ", name, " ", TestDirectory(), " && hostname ", name,
      " && hostname && grep -c ", name, " /proc/self/mountinfo");
  EXPECT_THAT(Execute(Shell(script)), Prints(name + "\n1\n"));
}

// The capabilities that come with a new user namespace are lost on execve, if
// nobody is root.
TEST_P(UserContract, NobodyInsideMayNotMountOrRename) {
  for (const std::string command : {"mount -t tmpfs x /tmp", "hostname x"}) {
    const Result result = Execute(Words({"-map=none", "sh", "-c", command}));
    EXPECT_NE(result.exit_status, 0) << command;
    EXPECT_NE(result.err, "") << command;
  }
}

TEST_P(UserContract, FilesMadeInsideAreTheCallersOutside) {
  const std::string directory = TestDirectory() + "/shared";
  ASSERT_EQ(mkdir(directory.c_str(), 0), 0);
  ASSERT_EQ(chmod(directory.c_str(), 0777), 0);
  const std::string file = directory + "/file";
  EXPECT_THAT(Execute(Words({"touch", file})), Prints(""));
  struct stat attributes = {};
  ASSERT_EQ(stat(file.c_str(), &attributes), 0) << strerror(errno);
  EXPECT_EQ(absl::StrCat(attributes.st_uid), CallersUid(GetParam()));
}

// Root inside is no root outside: that is what makes it safe.
TEST_P(UserContract, FilesOfOthersStayClosed) {
  const std::string file = MakeFile("secret", RandomName(), 0600);
  const uid_t somebody = 4321;
  ASSERT_EQ(chown(file.c_str(), somebody, somebody), 0);
  const Result result = Execute(Words({"cat", file}));
  EXPECT_THAT(result, ExitsWith(1));
  EXPECT_EQ(result.out, "");
}

TEST_P(UserContract, BadMapIsRefused) {
  EXPECT_THAT(Execute(Words({"-map=roto", "echo", "x"})),
              FailsInOneLine(125, AllOf(HasSubstr("roto"), HasSubstr("map"))));
  EXPECT_THAT(Execute(Words({"-map"})), FailsInOneLine(125, HasSubstr("map")));
}

// A host whose administrator does not want user namespaces. The limit is one of
// the user namespace that the program starts in, which is a new one here, so
// that the real host's stays as it is.
bool ForbidUserNamespacesTo(uid_t uid) {
  const auto write_file = [](const char* path, const std::string& text) {
    const int fd = open(path, O_WRONLY | O_CLOEXEC);
    const bool written = write(fd, text.data(), text.size()) > 0;
    return close(fd) == 0 && written;
  };
  const std::string themselves = absl::StrCat(uid, " ", uid, " 1");
  return setresgid(uid, uid, uid) == 0 && setresuid(uid, uid, uid) == 0 &&
         // Changing the uid has closed /proc/self to ourselves (prctl(2)).
         prctl(PR_SET_DUMPABLE, 1) == 0 && unshare(CLONE_NEWUSER) == 0 &&
         write_file("/proc/self/uid_map", themselves) &&
         write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/gid_map", themselves) &&
         write_file("/proc/sys/user/max_user_namespaces", "0");
}

TEST_P(UserContract, SwitchThatForbidsItIsNamed) {
  Invocation invocation = Words({"echo", "started"});
  const uid_t uid = invocation.uid.value_or(0);
  invocation.uid.reset();
  invocation.program = CopyForEverybody(ProgramPath());
  invocation.before_exec = [uid] { return ForbidUserNamespacesTo(uid); };
  EXPECT_THAT(Execute(invocation),
              FailsInOneLine(125, HasSubstr("max_user_namespaces")));
}

// Pitfall, fault 7 for maps: a refused write, and the command runs even so, as
// nobody. A program that finds another way to write may succeed.
TEST_P(UserContract, RefusedMapMeansNoCommand) {
  Invocation invocation = Words({"id", "-u"});
  invocation.before_exec = RefuseWriting;
  EXPECT_THAT(Execute(invocation),
              AnyOf(Prints("0\n"),
                    FailsInOneLine(125, HasSubstr("Operation not permitted"))));
}

// Mounts that come from a more privileged user namespace are slaves in it: not
// even -propagation=shared lets an ordinary user mount on the host
// (mount_namespaces(7), "Restrictions on mount namespaces").
TEST_P(UserContract, MountsNeverTravelBack) {
  const std::string inside = TestDirectory() + "/inside";
  ASSERT_EQ(mkdir(inside.c_str(), 0755), 0);
  for (const std::string propagation : {"shared", "unchanged"}) {
    SCOPED_TRACE(propagation);
    Process program(
        Words({"-propagation=" + propagation, "sh", "-c",
               "mount -t tmpfs x \"$0\" && echo mounted; read end", inside}));
    ASSERT_EQ(program.ReadLine(), "mounted");
    EXPECT_EQ(CountMounts(FindContained(program.pid()), inside), 1);
    EXPECT_EQ(CountMounts(getpid(), inside), 0);
  }
}

}  // namespace
}  // namespace blackbox
