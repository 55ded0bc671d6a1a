// What our own programs must do beyond what a reader's must: errors in one
// line, the caller's surroundings, hosts that refuse. `ours` in the .toml file
// of a chapter names its suites.

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "tests/grade/grade.h"
#include "tests/support/cgroups.h"
#include "tests/support/chapter.h"
#include "tests/support/faults.h"
#include "tests/support/mounts.h"
#include "tests/support/network.h"
#include "tests/support/proc.h"
#include "tests/support/terminal.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

// For every chapter's program.
class Ours : public Grade {};

TEST_F(Ours, TwoDashesEndTheFlags) {
  // Only the first words belong to the program.
  const Answer answer = Try({"--", "printf", "%s,", "--", "-v", "--"});
  EXPECT_THAT(answer, ExitsWith(0));
  EXPECT_EQ(answer.out, "--,-v,--,");
}

TEST_F(Ours, EnvironmentAndDirectoryAreTheCallers) {
  Invocation invocation = Asking({"env", "-0"});
  invocation.environment = {"PATH=/usr/bin:/bin", "EMPTY=", "TWO=a\nb",
                            "EQUALS=a=b", "NAME=" + RandomName()};
  EXPECT_THAT(
      Words(absl::StrSplit(Try(invocation).out, '\0', absl::SkipEmpty())),
      UnorderedElementsAreArray(*invocation.environment));
  EXPECT_EQ(Try({"pwd", "-P"}).out, WatchedDirectory() + "\n");
}

// proc(5): the masks of blocked and of ignored signals. The command must not
// inherit what the program blocks and ignores for itself, but must inherit what
// the caller ignores.
TEST_F(Ours, SignalsAreAsTheCallerHasThem) {
  const Words look = {"grep", "-E", "^Sig(Blk|Ign):", "/proc/self/status"};
  const auto ignore_hangup = [] { return signal(SIGHUP, SIG_IGN) != SIG_ERR; };
  Invocation invocation = Asking(look);
  invocation.before_exec = ignore_hangup;
  const Result on_host = Execute({.args = {look.begin() + 1, look.end()},
                                  .program = look[0],
                                  .before_exec = ignore_hangup});
  EXPECT_THAT(on_host, ExitsWith(0));
  EXPECT_EQ(Try(invocation).out, on_host.out);
}

// Then the kernel reaps a child by itself, and waiting for it returns no
// status.
TEST_F(Ours, StatusIsTheCommandsWhereTheCallerIgnoresSigchld) {
  Invocation invocation = Asking({"sh", "-c", "exit 7"});
  invocation.before_exec = [] { return signal(SIGCHLD, SIG_IGN) != SIG_ERR; };
  EXPECT_THAT(Try(invocation), ExitsWith(7));
}

TEST_F(Ours, ProgramStaysOnTheHost) {
  const Shell shell;
  EXPECT_EQ(Join(NamespacesThatDiffer(getpid(), shell.program())), "none");
}

// A program whose own pipe becomes descriptor 1 finds the command's output in
// it.
TEST_F(Ours, ClosedStreamsDoNotConfuse) {
  for (const std::set<int>& closed :
       {std::set<int>{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}}) {
    SCOPED_TRACE("closed: " + absl::StrJoin(closed, ", "));
    Invocation invocation =
        Asking({"sh", "-c", "echo output; echo more >&2; exit 7"});
    invocation.closed_files = closed;
    const Answer answer = Try(invocation);
    EXPECT_THAT(answer, ExitsWith(7));
    EXPECT_EQ(answer.out, closed.count(1) ? "" : "output\n");
    // Without an output, a shell may complain itself.
    if (!closed.count(1)) {
      EXPECT_THAT(answer.err,
                  testing::StartsWith(closed.count(2) ? "" : "more\n"));
    }
  }
}

// For a program that is only its command's parent, as in chapters 1 to 6.
class OursAlone : public Grade {};

TEST_F(OursAlone, EndOfTheProgramIsTheCommands) {
  for (const int signal : {SIGKILL, SIGTERM}) {
    Shell shell;
    ASSERT_TRUE(shell.IsThere());
    shell.Signal(signal);
    EXPECT_TRUE(WaitForEnd(shell.pid())) << Describe(shell.pid());
  }
}

// For a program that prints nothing at its end except errors.
class OursErrors : public Grade {};

TEST_F(OursErrors, UnknownFlagIsRefused) {
  for (const std::string flag : {"-nonsense", "--nonsense=1"}) {
    EXPECT_THAT(Try({"echo", "x"}, {flag}),
                FailsInOneLine(125, HasSubstr("nonsense")));
  }
}

TEST_F(OursErrors, CommandThatCannotRunIsToldInOneLine) {
  const std::string name = RandomName();
  const std::string text = MakeFile("text", "no program\n", 0644);
  struct Case {
    std::string command;
    int status;
    std::string mentions;
  };
  for (const Case& c : {
           Case{name, 127, name},
           {"/nowhere/" + name, 127, name},
           {text + "/" + name, 127, name},
           {"", 127, "\"\""},
           {text, 126, "Permission denied"},
           {TestDirectory(), 126, "irectory"},
           // The kernel says "No such file" for a file that exists.
           {MakeFile("lost", "#!/nowhere/" + name + " -x\n", 0755), 126, name},
           // execvp(3) would run it with /bin/sh, and a shell would too.
           {MakeFile("script", "echo started\n", 0755), 126, "#!"},
       }) {
    Invocation invocation = Asking({c.command});
    // The test's own PATH may contain a directory that this caller may not
    // enter.
    invocation.environment = {{"PATH=/usr/bin:/bin"}};
    EXPECT_THAT(Try(invocation),
                FailsInOneLine(c.status, AllOf(HasSubstr(c.command),
                                               HasSubstr(c.mentions))));
  }
}

TEST_F(OursErrors, OrdinaryUserIsServedOrToldWhatItTakes) {
  Invocation invocation = Asking({"echo", "served"});
  invocation.uid = kOrdinaryUser;
  if (ChapterUnderTest().namespaces.count("user") > 0) {
    EXPECT_THAT(Try(invocation), Prints("served\n"));
  } else {
    EXPECT_THAT(Try(invocation), FailsInOneLine(125, HasSubstr("sudo")));
  }
}

// For a program with a PID namespace: a shell as a reader uses it, at a prompt.
class OursTerminal : public Grade {};

class Prompt : public Terminal {
 public:
  Prompt() : Terminal(AskingInteractively({"sh"})) {
    // In two parts, so that the typed text does not look like the prompt.
    Type("PS1='ask''> '\n");
    Await();
  }
  void Await() { Expect("ask> "); }
  // Types a command and returns what it writes before the next prompt.
  std::string Ask(const std::string& command) {
    Type(command + "\n");
    return Expect("ask> ");
  }
};

TEST_F(OursTerminal, CtrlCEndsTheCommandInTheForegroundOnly) {
  Prompt shell;
  shell.Type(kCtrlC);
  shell.Await();
  shell.Type("sh -c 'echo started; exec sleep 1000'\n");
  shell.Expect("started");
  shell.Type(kCtrlC);
  shell.Await();
  EXPECT_THAT(shell.Ask("echo status $?, number $$"),
              HasSubstr("status 130, number 1\r\n"));
  shell.Type("exit 7\n");
  EXPECT_THAT(shell.Wait(), ExitsWith(7));
}

// A script that runs a container can still read from its terminal afterwards: a
// process that is not in the foreground is stopped if it tries.
TEST_F(OursTerminal, TerminalIsGivenBack) {
  Invocation script = AskingInteractively({"sh", "-ic", "exit 3"});
  // $RUN with the words of the invocation, in a shell that plays the host.
  script.args.insert(
      script.args.begin(),
      {"-c", "\"$RUN\" \"$@\"; echo status $?; read x; echo read $x", "sh"});
  script.program = "sh";
  if (script.uid.has_value()) {
    script.environment = {
        {"PATH=/usr/bin:/bin", "RUN=" + CopyForEverybody(ProgramPath())}};
  }
  Terminal terminal(script);
  terminal.Expect("status 3\r\n");
  const std::string word = RandomName();
  terminal.Type(word + "\n");
  terminal.Expect("read " + word + "\r\n");
  EXPECT_THAT(terminal.Wait(), ExitsWith(0));
}

// For a program that makes mounts private. Pitfall, fault 6: a mount fails, and
// the program goes on.
class OursMount : public Grade {};

TEST_F(OursMount, RefusedMountMeansNoCommand) {
  Invocation invocation = Asking({"echo", "started"});
  invocation.before_exec = RefuseMounts;
  EXPECT_THAT(Try(invocation),
              FailsInOneLine(125, AllOf(HasSubstr("mount"),
                                        HasSubstr("Operation not permitted"))));
}

// It is a copy, not a view: later mounts outside are not visible.
TEST_F(OursMount, MountsOutsideDoNotComeInside) {
  const Shell shell;
  const std::string outside = TestDirectory() + "/outside";
  ASSERT_EQ(mkdir(outside.c_str(), 0755), 0);
  ASSERT_TRUE(MountInside(shell.program(), outside));
  EXPECT_EQ(CountMounts(shell.pid(), outside), 0);
  EXPECT_EQ(CountMounts(shell.program(), outside), 1);
  EXPECT_EQ(umount(outside.c_str()), 0);
}

// For chapter 4's program: one row of the experiment. On a host whose "/" is
// shared or private, does a mount propagate to the other side?
class OursPropagation : public Grade {};

struct Experiment {
  Words flags;
  unsigned long host;
  bool into_container;
  bool back_to_host;
};

TEST_F(OursPropagation, MountsTravelAsAskedFor) {
  const std::string inside = TestDirectory() + "/inside";
  const std::string outside = TestDirectory() + "/outside";
  ASSERT_EQ(mkdir(inside.c_str(), 0755), 0);
  ASSERT_EQ(mkdir(outside.c_str(), 0755), 0);
  for (const Experiment& experiment :
       {Experiment{{}, MS_SHARED, false, false},
        {{}, MS_PRIVATE, false, false},
        {{"-propagation", "private"}, MS_SHARED, false, false},
        {{"-propagation=slave"}, MS_SHARED, true, false},
        {{"-propagation=shared"}, MS_SHARED, true, true},
        {{"-propagation=unchanged"}, MS_SHARED, true, true},
        // Mounts that become shared only now, inside, have no peer outside.
        {{"-propagation=shared"}, MS_PRIVATE, false, false},
        {{"-propagation=unchanged"}, MS_PRIVATE, false, false}}) {
    SCOPED_TRACE(absl::StrJoin(experiment.flags, " "));
    Invocation invocation = AskingForAShell(experiment.flags);
    invocation.before_exec = HostWithMounts(experiment.host);
    const Shell shell(invocation);
    ASSERT_TRUE(shell.IsThere());
    // The program itself is still in the host's namespace, so its pid stands
    // for the host.
    ASSERT_TRUE(MountInside(shell.program(), outside));
    EXPECT_EQ(CountMounts(shell.program(), outside), 1);
    EXPECT_EQ(CountMounts(shell.pid(), outside), experiment.into_container);
    ASSERT_TRUE(MountInside(shell.pid(), inside));
    EXPECT_EQ(CountMounts(shell.pid(), inside), 1);
    EXPECT_EQ(CountMounts(shell.program(), inside), experiment.back_to_host);
  }
}

TEST_F(OursPropagation, BadValueIsRefused) {
  EXPECT_THAT(Try({"echo", "x"}, {"-propagation=sharde"}),
              FailsInOneLine(
                  125, AllOf(HasSubstr("sharde"), HasSubstr("propagation"))));
  for (const std::string flag : {"-propagation=", "-propagation"}) {
    EXPECT_THAT(Try({}, {flag}), FailsInOneLine(125, HasSubstr("propagation")));
  }
}

// For a program with a user namespace.
class OursUser : public Grade {};

std::string Number(const std::string& file) {
  std::string number = ReadFile(file);
  number.pop_back();  // The line's end.
  return number;
}

// Then no process has capabilities after execve, and all show the uid that
// stands for unmapped users.
TEST_F(OursUser, WithoutAMapCallerIsNobodyInside) {
  const Words flags = {"-map=none"};
  EXPECT_THAT(
      Try({"sh", "-c", "id -u; id -g"}, flags),
      Prints(absl::StrCat(Number("/proc/sys/kernel/overflowuid"), "\n",
                          Number("/proc/sys/kernel/overflowgid"), "\n")));
  for (const std::string command : {"mount -t tmpfs x /tmp", "hostname x"}) {
    EXPECT_NE(Try({"sh", "-c", command}, flags).exit_status, 0) << command;
  }
  const Shell shell(flags);
  const std::string proc = absl::StrCat("/proc/", shell.pid());
  EXPECT_EQ(ReadFile(proc + "/uid_map") + ReadFile(proc + "/gid_map"), "");
  for (const char* kind : {"Uid", "Gid"}) {
    EXPECT_THAT(StatusField(shell.pid(), kind),
                AllOf(SizeIs(4), Each(absl::StrCat(CallersUid()))));
  }
}

// Not only a file says so: the call is refused. A user in a group that is
// *denied* something must not be able to leave it.
TEST_F(OursUser, CVE_2014_8989_GroupsCannotBeGivenUp) {
  const Shell shell;
  EXPECT_EQ(AskInside(shell.pid(), {"user"},
                      [] {
                        return std::string(setgroups(0, nullptr) == 0
                                               ? "given up"
                                               : strerror(errno));
                      }),
            strerror(EPERM));
}

// The attack of CVE-2022-0492 needs no capability on the host: root of a user
// namespace makes a cgroup namespace, which he owns, so he may mount a
// hierarchy of v1, and writes into it which program the kernel starts on the
// host. The first half is still allowed. The caller is in the root of the
// hierarchy, so that the file exists.
TEST_F(OursUser, CVE_2022_0492_ReleaseAgentCannotBeSet) {
  SKIP_IF(WhyNoV1("pids"));
  const std::string root = FindController("pids")->mount_point;
  const std::string agent = ReadFile(root + "/release_agent");
  Invocation attack =
      Asking({"unshare", "--cgroup", "sh", "-c",
              "mount -t cgroup -o pids none \"$0\" && cd \"$0\" && "
              "ls release_agent && echo \"$0/agent\" | tee release_agent "
              ">/dev/null && echo written",
              TestDirectory()});
  attack.before_exec = [root] {
    return static_cast<bool>(std::ofstream(root + "/cgroup.procs")
                             << "0\n"
                             << std::flush);
  };
  const Result result = Try(attack);
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

// Without its own cgroup namespace, or with a hierarchy that does not exist
// yet, even the mount is refused.
TEST_F(OursUser, CVE_2022_0492_HierarchyCannotBeMade) {
  const std::string mount = absl::StrCat(
      "mount -t cgroup -o none,name=", RandomName(), " none ", TestDirectory());
  for (const std::string& command : {mount, "unshare --cgroup " + mount}) {
    EXPECT_THAT(Try({"sh", "-c", command}), ExitsWith(32)) << command;
  }
}

TEST_F(OursUser, BadMapIsRefused) {
  EXPECT_THAT(Try({"echo", "x"}, {"-map=roto"}),
              FailsInOneLine(125, AllOf(HasSubstr("roto"), HasSubstr("map"))));
  EXPECT_THAT(Try({}, {"-map"}), FailsInOneLine(125, HasSubstr("map")));
}

// A host whose administrator forbids user namespaces. The limit belongs to the
// user namespace that the program starts in. This is a new one, so that the
// real host's limit stays as it is.
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

TEST_F(OursUser, SwitchThatForbidsItIsNamed) {
  Invocation invocation = Asking({"echo", "started"});
  const uid_t uid = CallersUid();
  invocation.uid.reset();
  invocation.program = CopyForEverybody(ProgramPath());
  invocation.before_exec = [uid] { return ForbidUserNamespacesTo(uid); };
  EXPECT_THAT(Try(invocation),
              FailsInOneLine(125, HasSubstr("max_user_namespaces")));
}

// Pitfall, fault 7 for maps: a write is refused, but the command still runs, as
// nobody. A program that finds another way to write may succeed.
TEST_F(OursUser, RefusedMapMeansNoCommand) {
  Invocation invocation = Asking({"id", "-u"});
  invocation.before_exec = RefuseWriting;
  EXPECT_THAT(Try(invocation),
              AnyOf(Prints("0\n"),
                    FailsInOneLine(125, HasSubstr("Operation not permitted"))));
}

// Mounts that come from a more privileged user namespace are slaves in it: not
// even -propagation=shared lets an ordinary user mount on the host
// (mount_namespaces(7), "Restrictions on mount namespaces").
TEST_F(OursUser, MountsNeverTravelBack) {
  const std::string inside = TestDirectory() + "/inside";
  ASSERT_EQ(mkdir(inside.c_str(), 0755), 0);
  for (const std::string propagation : {"shared", "unchanged"}) {
    SCOPED_TRACE(propagation);
    Shell shell({"-propagation=" + propagation});
    shell.Expect("mount -t tmpfs x " + inside + " && echo mounted", "mounted");
    EXPECT_EQ(CountMounts(shell.pid(), inside), 1);
    EXPECT_EQ(CountMounts(getpid(), inside), 0);
  }
}

// For a program with a network namespace. The host's daemons listen on sockets
// without a file, and trust every process that can connect.
class OursNet : public Grade {};

TEST_F(OursNet, CVE_2020_15257_AbstractSocketsStayOutside) {
  const std::string name = RandomName();
  const int server = ListenByName(name);
  ASSERT_GE(server, 0) << strerror(errno);
  const Shell shell;
  const auto connect = [&name] { return ConnectByName(name); };
  EXPECT_EQ(AskInside(shell.program(), {"net"}, connect), "connected");
  EXPECT_EQ(AskInside(shell.pid(), {"net"}, connect), strerror(ECONNREFUSED));
  close(server);
}

}  // namespace
}  // namespace blackbox
