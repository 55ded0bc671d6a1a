// Chapter 3: process 1.

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/grade/cgroups.h"
#include "tests/grade/grade.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

TEST_F(Grade, ProcessOne) { Try({"sh", "-c", "echo $$"}).ExpectOutput("1\n"); }

TEST_F(Grade, ParentIsNobody) {
  Try({"sh", "-c", "echo $PPID"}).ExpectOutput("0\n");
}

// Checks what the kernel reports, whatever is printed inside.
void ExpectTwoNumbers(const Shell& shell, pid_t outside,
                      const std::string& inside) {
  const std::string wanted = absl::StrCat(outside, " ", inside);
  const std::string came = absl::StrJoin(NamespacePids(outside), " ");
  const std::string file =
      absl::StrCat("host$ grep NSpid /proc/", outside, "/status\nNSpid: ");
  shell.Expect(came == wanted,
               absl::StrCat(file, "two numbers: on the host ", outside,
                            ", inside ", inside),
               file + came);
}

TEST_F(Grade, TwoNumbers) {
  const Shell shell;
  if (shell.IsThere()) {
    ExpectTwoNumbers(shell, shell.pid(), "1");
  }
}

TEST_F(Grade, ChildrenAreInsideToo) {
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string number = shell.Ask("sleep 1000 & echo $!");
  const std::vector<pid_t> children = DescendantsOf(shell.pid());
  if (shell.Expect(children.size() == 1, "one child",
                   absl::StrCat(children.size(), " children"))) {
    ExpectTwoNumbers(shell, children[0], number);
    kill(children[0], SIGKILL);
  }
}

// Complains if one of these processes does not end, and ends all that are left.
// The kernel kills them by itself, so a short wait is enough.
void ExpectEnd(const Shell& shell, const std::vector<pid_t>& pids) {
  const std::chrono::milliseconds patience = Patience();
  SetPatience(patience / 5);
  const bool ended = WaitUntil(
      [&] { return std::none_of(pids.begin(), pids.end(), IsAlive); });
  SetPatience(patience);
  for (const pid_t pid : pids) {
    if (!ended && IsAlive(pid)) {
      shell.Expect(false, "all processes inside end",
                   Describe(pid) + " lives on");
      kill(pid, SIGKILL);
    }
  }
}

TEST_F(Grade, OthersEndWithProcessOne) {
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  // One child of the shell, and an orphan.
  shell.Ask("sleep 1000 & (sleep 1000 &)   # and exit");
  const std::vector<pid_t> others = DescendantsOf(shell.program());
  ForgiveWhatStays();  // This check is about them.
  shell.End();
  ExpectEnd(shell, others);
}

TEST_F(Grade, KillOfTheProgramEndsAll) {
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  // These processes do not notice the end of the input.
  shell.Ask(
      absl::StrCat("sleep 1000 & (sleep 1000 &)   # then, on the host: "
                   "sudo kill -KILL ",
                   shell.program(), ", the program"));
  const std::vector<pid_t> all = DescendantsOf(shell.program());
  const std::set<std::string> cgroups = OwnCgroups(shell.pid());
  ForgiveWhatStays();
  shell.Signal(SIGKILL);
  ExpectEnd(shell, all);
  // The program responsible for them is dead, and the end of the test would
  // wait for them.
  for (const std::string& cgroup : cgroups) {
    rmdir(cgroup.c_str());
  }
}

// Typed, so that a program that rewrites its arguments cannot make this the
// host's process 1.
TEST_F(Grade, ProcessOneIsProtected) {
  Shell shell;
  if (shell.IsThere()) {
    shell.Expect("kill -TERM $$; kill -KILL $$; echo alive", "alive");
  }
}

// Exercises: -depth, -init and -keep.

TEST_F(Grade, NestedNamespaces) {
  const int depth = RandomNumber(2, 5);
  const Shell shell({"-depth", absl::StrCat(depth)});
  if (!shell.IsThere()) {
    return;
  }
  const std::vector<pid_t> numbers = NamespacePids(shell.pid());
  const std::string look =
      absl::StrCat("host$ grep NSpid /proc/", shell.pid(), "/status\nNSpid: ");
  shell.Expect(
      numbers.size() == static_cast<size_t>(depth) + 1 && numbers.back() == 1,
      absl::StrCat(look, depth + 1, " numbers, of which the last is 1"),
      look + absl::StrJoin(numbers, " "));
}

TEST_F(Grade, NestedStatus) {
  const int status = RandomNumber(3, 120);
  Try({"sh", "-c", absl::StrCat("exit ", status)}, {"-depth", "3"})
      .ExpectStatus(status);
}

TEST_F(Grade, InitIsProcessOne) {
  const Shell shell({"-init"});
  if (!shell.IsThere()) {
    return;
  }
  const std::vector<pid_t> numbers = NamespacePids(shell.pid());
  const std::string look =
      absl::StrCat("host$ grep NSpid /proc/", shell.pid(), "/status\nNSpid: ");
  shell.Expect(numbers.size() == 2 && numbers.back() > 1,
               look + "two numbers, of which the last is not 1",
               look + absl::StrJoin(numbers, " "));
}

TEST_F(Grade, InitReapsOrphans) {
  Shell shell({"-init"});
  if (!shell.IsThere()) {
    return;
  }
  const size_t before = DescendantsOf(shell.program()).size();
  shell.Ask("(sleep 0.1 &); sleep 0.3");
  const std::chrono::milliseconds patience = Patience();
  SetPatience(patience / 2);
  size_t now = 0;
  const bool reaped = WaitUntil([&] {
    now = DescendantsOf(shell.program()).size();
    return now == before;
  });
  SetPatience(patience);
  shell.Expect(reaped, "the orphan has ended, and nothing is left of it",
               absl::StrCat(now - before, " more processes than before: ",
                            "a zombie that nobody has waited for"));
}

TEST_F(Grade, InitPassesTheStatusOn) {
  const int status = RandomNumber(3, 120);
  Try({"sh", "-c", absl::StrCat("exit ", status)}, {"-init"})
      .ExpectStatus(status);
}

TEST_F(Grade, InitPassesSigtermOn) {
  Shell shell({"-init"});
  if (!shell.IsThere()) {
    return;
  }
  const int status = RandomNumber(3, 120);
  const pid_t init = FindInit(shell.program());
  if (!shell.Expect(init > 0, "a process 1 in a PID namespace of its own",
                    "there is none")) {
    return;
  }
  shell.Ask(absl::StrCat("trap 'exit ", status,
                         "' TERM   # then, on the host: sudo kill -TERM ", init,
                         ", the container's process 1"));
  kill(init, SIGTERM);
  // Long enough for a busy machine; the signal ends it.
  shell.Ask("for i in $(seq 50); do sleep 0.1; done");
  shell.End().ExpectStatus(status);
}

// Namespaces that outlive the command, kept by files in a directory, until the
// end of this object.
class Kept {
 public:
  Kept() { mkdir(directory_.c_str(), 0755); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    for (const char* kind : {"uts", "ipc", "pid"}) {
      umount2(File(kind).c_str(), MNT_DETACH);
    }
  }
  Words Flags() const { return {"-keep", directory_}; }
  std::string File(const std::string& kind) const {
    return directory_ + "/" + kind;
  }

 private:
  const std::string directory_ = TestDirectory() + "/kept";
};

TEST_F(Grade, NamesAndQueuesSurvive) {
  SKIP_IF(WhyNoTool("ipcmk"));
  const Kept kept;
  const std::string name = RandomName();
  const Answer answer =
      Try({"sh", "-c", absl::StrCat("hostname ", name, "; ipcmk -Q")},
          kept.Flags());
  const size_t id = answer.out.find("id: ");
  if (!answer.Expect(answer.Status() == 0 && id != std::string::npos,
                     "exit status 0, and … id: …")) {
    return;
  }
  const std::string queue(
      absl::StripAsciiWhitespace(answer.out.substr(id + 4)));
  for (const auto& [look, wanted] :
       {std::pair{absl::StrCat("nsenter --uts=", kept.File("uts"), " hostname"),
                  name},
        {absl::StrCat("nsenter --ipc=", kept.File("ipc"), " ipcs -q -i ",
                      queue),
         absl::StrCat("msqid=", queue)}}) {
    const Result came = RunOnHost(look + " 2>&1");
    if (!answer.Expect(absl::StrContains(came.out, wanted),
                       absl::StrCat("host$ sudo ", look, "\n", wanted),
                       absl::StrCat("host$ sudo ", look, "\n", came.out))) {
      return;
    }
  }
}

// The namespace exists, but no process can be started in it.
TEST_F(Grade, PidNamespaceDoesNot) {
  SKIP_IF(WhyNoTool("nsenter"));
  const Kept kept;
  const Answer answer = Try({"true"}, kept.Flags());
  if (!answer.ExpectStatus(0)) {
    return;
  }
  const std::string look =
      absl::StrCat("nsenter --pid=", kept.File("pid"), " echo born");
  const Result came = RunOnHost(look + " 2>&1");
  const std::string wanted = strerror(ENOMEM);
  answer.Expect(absl::StrContains(came.out, wanted),
                absl::StrCat("host$ sudo ", look, "\n… ", wanted),
                absl::StrCat("host$ sudo ", look, "\n", came.out));
}

}  // namespace
}  // namespace blackbox
