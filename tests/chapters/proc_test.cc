// Chapter 0: one process, `./run PID`.

#include "tests/support/proc.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/container_test.h"
#include "tests/support/program.h"
#include "tests/support/report.h"
#include "tests/support/wait.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

// The process that the program reports on: a shell that waits for the end of
// its input.
class LookedAt : public Process {
 public:
  explicit LookedAt(std::function<bool()> before_exec = nullptr,
                    std::vector<std::string> more_args = {})
      : Process({.args = Args(std::move(more_args)),
                 .program = "sh",
                 .before_exec = std::move(before_exec)}) {
    EXPECT_EQ(ReadLine(), "ready");
  }

  Report Ask(std::optional<uid_t> uid = std::nullopt) const {
    return AskForReport({.args = {absl::StrCat(pid())}, .uid = uid});
  }

 private:
  static std::vector<std::string> Args(std::vector<std::string> more) {
    std::vector<std::string> args = {"-c", "echo ready; read end"};
    args.insert(args.end(), more.begin(), more.end());
    return args;
  }
};

class ProcessTest : public ContainerTest {
 protected:
  static Result Ask(const std::string& word) {
    return Execute({.args = {word}});
  }
};

TEST_F(ProcessTest, OneselfIsTheSameInEverything) {
  const Report report = AskForReport({.args = {"self"}});
  EXPECT_EQ(report.exit_status, 0);
  for (const std::string section : {"namespaces", "cgroups", "mounts"}) {
    for (const Row& row : report.Rows(section)) {
      EXPECT_EQ(row.verdict, "same") << row;
    }
  }
  EXPECT_EQ(report.Rows("namespaces").size(), NamespacesOf(getpid()).size());
  EXPECT_EQ(report.Rows("cgroups").size(),
            ReadLines("/proc/self/cgroup").size());
}

TEST_F(ProcessTest, ShowsWhichNamespacesDiffer) {
  const LookedAt process(
      [] { return unshare(CLONE_NEWUTS | CLONE_NEWNET) == 0; });
  const std::set<std::string> differ =
      NamespacesThatDiffer(process.pid(), getpid());
  ASSERT_THAT(differ, ElementsAre("net", "uts"));
  const Report report = process.Ask();
  // lsns(8) prints the numbers and the kinds.
  const Result lsns =
      RunOnHost(absl::StrCat("lsns -rno TYPE,NS -p ", process.pid()));
  for (const Row& row : report.Rows("namespaces")) {
    EXPECT_EQ(row.verdict, differ.count(row.name) ? "different" : "same");
    const std::string link = row.detail.substr(0, row.detail.find(']'));
    const std::vector<std::string> words = absl::StrSplit(link, ":[");
    EXPECT_THAT(lsns.out, HasSubstr(words[0] + " " + words[1])) << row;
  }
}

TEST_F(ProcessTest, ShowsWhichCgroupDiffers) {
  // In any hierarchy; of v1's, in one that accepts processes without further
  // settings.
  const Result found = RunOnHost(
      "findmnt -rno TARGET -t cgroup -O pids || findmnt -rno TARGET -t "
      "cgroup2");
  const std::string root = found.out.substr(0, found.out.find('\n'));
  const std::string name = RandomName();
  ASSERT_EQ(mkdir((root + "/" + name).c_str(), 0755), 0) << root;
  {
    const LookedAt process([&] {
      std::ofstream procs(root + "/" + name + "/cgroup.procs");
      procs << getpid() << std::flush;
      return procs.good();
    });
    std::set<std::string> lines;
    for (const Row& row : process.Ask().Rows("cgroups")) {
      if (row.verdict == "different") {
        lines.insert(row.detail);
      }
    }
    EXPECT_THAT(
        lines,
        ElementsAre(testing::StartsWith(absl::StrCat("/", name, " there, "))));
  }
  EXPECT_TRUE(
      WaitUntil([&] { return rmdir((root + "/" + name).c_str()) == 0; }));
}

TEST_F(ProcessTest, ShowsWhichMountsDiffer) {
  const std::string point = TestDirectory() + "/with space";
  ASSERT_EQ(mkdir(point.c_str(), 0755), 0);
  const Result listed = RunOnHost("findmnt -rno TARGET | wc -l");
  const LookedAt process([&] {
    return unshare(CLONE_NEWNS) == 0 &&
           mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           mount("things", point.c_str(), "tmpfs", 0, nullptr) == 0;
  });
  const Report report = process.Ask();
  EXPECT_EQ(report.Find("mounts", "there only").detail,
            point + " (tmpfs from things)");
  EXPECT_EQ(report.Find("mounts", "in both").detail,
            std::string(absl::StripAsciiWhitespace(listed.out)) + " mounts");
  EXPECT_EQ(report.Rows("mounts").size(), 3U);
  const Row propagation = report.Find("mounts", "propagation of /");
  EXPECT_EQ(propagation.verdict, "different");
  EXPECT_EQ(propagation.detail, "private there, shared here");
}

TEST_F(ProcessTest, ShowsTheFilesOfTheTable) {
  const LookedAt process;
  const std::string dir = absl::StrCat("/proc/", process.pid(), "/");
  const Report report = process.Ask();
  std::vector<std::string> names;
  for (const Row& row : report.Rows("files")) {
    names.push_back(row.name);
  }
  EXPECT_THAT(names,
              ElementsAre("cmdline", "cwd", "environ", "exe", "fd", "maps",
                          "mem", "root", "stat", "statm", "status"));
  for (const std::string link : {"cwd", "exe", "root"}) {
    EXPECT_THAT(
        report.Find("files", link).detail,
        EndsWith(": " + std::filesystem::read_symlink(dir + link).string()));
  }
  EXPECT_THAT(report.Find("files", "cmdline").detail,
              EndsWith(": sh -c 'echo ready; read end'"));
  const std::string environ = ReadFile(dir + "environ");
  EXPECT_THAT(
      report.Find("files", "environ").detail,
      HasSubstr(absl::StrCat(" ", absl::c_count(environ, '\0'), " variables")));
  EXPECT_THAT(
      report.Find("files", "maps").detail,
      HasSubstr(absl::StrCat(" ", ReadLines(dir + "maps").size(), " ")));
  EXPECT_THAT(
      report.Find("files", "fd").detail,
      HasSubstr(absl::StrCat(" ", OpenFiles(process.pid()).size(), ":")));
  EXPECT_THAT(report.Find("files", "stat").detail,
              HasSubstr(absl::StrCat("child of ", getpid(), ",")));
  EXPECT_THAT(report.Find("files", "status").detail,
              HasSubstr(absl::StrCat(" ", process.pid(), ",")));
}

TEST_F(ProcessTest, NoCommandLineUpsetsThePage) {
  const LookedAt process(nullptr, {"quote\"back\\slash", "new\nline",
                                   "\033[31m", "\xff", "tick'"});
  EXPECT_THAT(process.Ask().Find("files", "cmdline").detail,
              HasSubstr("'quote\"back\\slash' 'new\nline' '\033[31m' "
                        "'\xef\xbf\xbd' 'tick'\\'''"));
  const Result page = Ask(absl::StrCat(process.pid()));
  EXPECT_EQ(page.exit_status, 0);
  EXPECT_TRUE(absl::c_none_of(page.out, [](char c) {
    return c != '\n' && absl::ascii_iscntrl(c);
  })) << page;
  EXPECT_THAT(page.out, HasSubstr("\\x1b[31m"));
}

TEST_F(ProcessTest, AThreadOfTheKernelHasFewFiles) {
  SKIP_IF(absl::StripAsciiWhitespace(ReadFile("/proc/2/comm")) == "kthreadd"
              ? ""
              : "a PID namespace of one's own has no threads of the kernel");
  const Report report = AskForReport({.args = {"2"}});
  EXPECT_EQ(report.exit_status, 0);
  for (const std::string file : {"cmdline", "exe"}) {
    EXPECT_THAT(report.Find("files", file).detail,
                HasSubstr("a thread of the kernel"));
  }
}

TEST_F(ProcessTest, SaysWhatIsNoProcessInOneLine) {
  for (const std::string word : {"abc", "0", "000", "1x", "", " 1"}) {
    EXPECT_THAT(Ask(word), FailsInOneLine(125, HasSubstr("\"" + word +
                                                         "\" is no process")))
        << word;
  }
  EXPECT_THAT(Ask("-1"), FailsInOneLine(125, HasSubstr("unknown flag '1'")));
  for (const std::string word : {"4194305", "99999999999999999999"}) {
    EXPECT_THAT(Ask(word),
                FailsInOneLine(125, HasSubstr("no process " + word)));
  }
  EXPECT_THAT(Execute({.args = {"1", "2"}}),
              FailsInOneLine(125, HasSubstr("one process")));
}

TEST_F(ProcessTest, SaysWhatItTakes) {
  EXPECT_THAT(Execute({.args = {"-help"}}),
              testing::AllOf(ExitsWith(0),
                             testing::Field(&Result::out, HasSubstr("-json"))));
  EXPECT_THAT(Execute({.args = {"-nonsense"}}),
              FailsInOneLine(125, HasSubstr("nonsense")));
  EXPECT_THAT(Execute({}), FailsInOneLine(125, HasSubstr("make doctor")));
  EXPECT_THAT(RunOnHost("exec \"$RUN\" self >/dev/full"),
              FailsInOneLine(125, HasSubstr("ENOSPC")));
}

TEST_F(ProcessTest, OneThatHasEndedIsNotLookedAt) {
  const pid_t pid = fork();
  if (pid == 0) {
    _exit(0);
  }
  ASSERT_TRUE(WaitUntil([pid] { return !IsAlive(pid); }));
  EXPECT_THAT(Ask(absl::StrCat(pid)),
              FailsInOneLine(125, HasSubstr("has ended")));
  waitpid(pid, nullptr, 0);
  EXPECT_THAT(Ask(absl::StrCat(pid)),
              FailsInOneLine(125, HasSubstr("no process")));
}

TEST_F(ProcessTest, AnothersProcessTakesSudo) {
  const LookedAt roots;
  EXPECT_THAT(
      Execute({.args = {absl::StrCat(roots.pid())}, .uid = kOrdinaryUser}),
      FailsInOneLine(125,
                     testing::AllOf(HasSubstr("EACCES"), HasSubstr("sudo"))));
  EXPECT_EQ(AskForReport({.args = {"self"}, .uid = kOrdinaryUser}).exit_status,
            0);
}

}  // namespace
}  // namespace blackbox
