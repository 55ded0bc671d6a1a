// The doctor: is its report on this machine true? The tests compare it with the
// kernel's files and the system's own tools.

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/chapter.h"
#include "tests/support/container_test.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/report.h"
#include "tests/support/requirements.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter doctor = {
      .folder = "", .namespaces = {}, .program = "doctor/doctor"};
  return doctor;
}

namespace {

using testing::AnyOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;
using DoctorTest = ContainerTest;

const std::vector<std::string> kChapters = {
    "1 uts-ns",  "2 ipc-ns",    "3 pid-ns",        "4 mount-ns",
    "5 user-ns", "6 net-ns",    "7 cgroup-memory", "8 run-init",
    "9 rootfs",  "10 union-fs", "11 fuse-union",   "12 volumes"};

// Runs a command on the host, and returns the lines that it prints.
std::vector<std::string> Ask(const std::string& command) {
  return absl::StrSplit(RunOnHost(command).out, '\n', absl::SkipEmpty());
}

bool EveryChapterIsOk(const Report& report) {
  bool all = true;
  for (const Row& row : report.Rows("chapters")) {
    all = all && row.verdict == "OK";
  }
  return all;
}

bool WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

bool EnterPrivateMountNamespace() {
  return unshare(CLONE_NEWNS) == 0 &&
         mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

// Enters a new user namespace with a limit of 0 on namespaces of that kind:
// limits belong to a user namespace, so the host's stay as they are.
bool ForbidNamespaces(const std::string& kind) {
  return unshare(CLONE_NEWUSER) == 0 &&
         WriteFile("/proc/self/uid_map", "0 0 1") &&
         WriteFile("/proc/self/setgroups", "deny") &&
         WriteFile("/proc/self/gid_map", "0 0 1") &&
         WriteFile(absl::StrCat("/proc/sys/user/max_", kind, "_namespaces"),
                   "0");
}

TEST_F(DoctorTest, ReportsOnEveryTopicInJson) {
  const Report report = AskForReport({});
  std::set<std::string> sections;
  for (const auto& [section, rows] : report.sections) {
    sections.insert(section);
    for (const Row& row : rows) {
      EXPECT_THAT(row.verdict, AnyOf("OK", "LIMITED", "NO")) << row;
      EXPECT_NE(row.detail, "") << row;
      // A chapter's row names the rows that contain the fix.
      if (row.verdict == "OK" || section == "chapters") {
        EXPECT_EQ(row.fix, "") << row;
      } else {
        EXPECT_NE(row.fix, "") << row;
      }
    }
  }
  EXPECT_EQ(sections,
            (std::set<std::string>{"machine", "namespaces", "user-namespaces",
                                   "cgroups", "tools", "chapters"}));
  std::vector<std::string> chapters;
  for (const Row& row : report.Rows("chapters")) {
    chapters.push_back(row.name);
  }
  EXPECT_EQ(chapters, kChapters);
  EXPECT_EQ(report.exit_status, EveryChapterIsOk(report) ? 0 : 1);
}

TEST_F(DoctorTest, SaysTheSameToPeopleInNarrowLines) {
  const Report report = AskForReport({});
  const Result result = Execute({});
  EXPECT_EQ(result.exit_status, report.exit_status);
  EXPECT_EQ(result.err, "");
  std::vector<std::vector<std::string>> lines;
  for (const absl::string_view line : absl::StrSplit(result.out, '\n')) {
    EXPECT_LE(line.size(), 100U) << line;
    lines.push_back(absl::StrSplit(line, ' ', absl::SkipEmpty()));
  }
  for (const auto& [section, rows] : report.sections) {
    for (const Row& row : rows) {
      std::vector<std::string> beginning =
          absl::StrSplit(absl::StrCat(row.name, " ", row.verdict), ' ');
      EXPECT_THAT(lines, Contains(testing::Truly([&](const auto& words) {
                    return words.size() > beginning.size() &&
                           std::equal(beginning.begin(), beginning.end(),
                                      words.begin());
                  })))
          << row;
    }
  }
}

TEST_F(DoctorTest, KnowsTheMachine) {
  const Report report = AskForReport({});
  utsname names = {};
  uname(&names);
  EXPECT_THAT(report.Find("machine", "kernel").detail,
              HasSubstr(names.release));
  EXPECT_EQ(report.Find("machine", "architecture").detail, names.machine);
  EXPECT_EQ(report.Find("machine", "user").verdict, "OK");

  uint64_t swap = 0;
  for (const std::string& size :
       Ask("swapon --show=SIZE --bytes --noheadings")) {
    uint64_t bytes = 0;
    ASSERT_TRUE(absl::SimpleAtoi(size, &bytes)) << size;
    swap += bytes;
  }
  const Row row = report.Find("machine", "swap");
  EXPECT_EQ(row.verdict, swap > 0 ? "OK" : "LIMITED");
  EXPECT_THAT(row.detail,
              StartsWith(swap > 0 ? absl::StrCat(swap, " bytes") : "none"));
}

TEST_F(DoctorTest, KnowsThePropagationOfRoot) {
  ASSERT_EQ(Ask("findmnt -no PROPAGATION /"),
            std::vector<std::string>{"shared"});
  const Row shared = AskForReport({}).Find("machine", "mount at /");
  EXPECT_EQ(shared.verdict, "OK");
  EXPECT_THAT(shared.detail, StartsWith("shared"));
  const Row alone =
      AskForReport({.args = {}, .before_exec = EnterPrivateMountNamespace})
          .Find("machine", "mount at /");
  EXPECT_EQ(alone.verdict, "LIMITED");
  EXPECT_THAT(alone.detail, StartsWith("private"));
}

TEST_F(DoctorTest, KnowsWhetherAnOverlayCanBeMounted) {
  const Result mounted = RunOnHost(
      "unshare --mount sh -c 'mount -t tmpfs none /mnt && cd /mnt && "
      "mkdir l u w m && mount -t overlay none -o "
      "lowerdir=l,upperdir=u,workdir=w m'");
  EXPECT_EQ(AskForReport({}).Find("machine", "overlayfs").verdict,
            mounted.exit_status == 0 ? "OK" : "NO")
      << mounted;
}

TEST_F(DoctorTest, KnowsEachKindOfNamespaceAndItsLimit) {
  const std::map<std::string, std::string> options = {
      {"uts", "--uts"},       {"ipc", "--ipc"},   {"pid", "--pid --fork"},
      {"mnt", "--mount"},     {"user", "--user"}, {"net", "--net"},
      {"cgroup", "--cgroup"}, {"time", "--time"}};
  const Report report = AskForReport({});
  const std::map<std::string, std::string> kernels = NamespacesOf(getpid());
  EXPECT_EQ(report.Rows("namespaces").size(), options.size());
  for (const auto& [kind, option] : options) {
    const Row row = report.Find("namespaces", kind);
    const bool works =
        RunOnHost(absl::StrCat("unshare ", option, " true")).exit_status == 0;
    EXPECT_EQ(row.verdict, works ? "OK" : "NO") << row;
    EXPECT_TRUE(!works || kernels.count(kind) == 1) << kind;
    if (works) {
      const auto limit =
          Ask(absl::StrCat("sysctl -n user.max_", kind, "_namespaces"));
      ASSERT_EQ(limit.size(), 1U);
      EXPECT_THAT(row.detail, testing::EndsWith(" " + limit[0])) << row;
    }
  }
}

TEST_F(DoctorTest, KnowsWhetherOrdinaryUsersMayHaveUserNamespaces) {
  const bool may = WhyNoUserNamespaces(kOrdinaryUser).empty();
  EXPECT_EQ(AskForReport({}).Find("user-namespaces", "ordinary users").verdict,
            may ? "OK" : "LIMITED");
  const Report users = AskForReport({.args = {}, .uid = kOrdinaryUser});
  EXPECT_EQ(users.Find("user-namespaces", "ordinary users").verdict,
            may ? "OK" : "NO");
  EXPECT_EQ(users.Find("chapters", "5 user-ns").verdict == "OK", may);
}

TEST_F(DoctorTest, NamesTheSwitchThatIsAgainstUserNamespaces) {
  const Report report = AskForReport(
      {.args = {}, .before_exec = [] { return ForbidNamespaces("user"); }});
  EXPECT_EQ(report.exit_status, 1);
  EXPECT_EQ(report.Find("user-namespaces", "kernel's setting").verdict, "NO");
  for (const auto& [section, name] :
       {std::pair("namespaces", "user"), std::pair("chapters", "5 user-ns"),
        std::pair("chapters", "6 net-ns")}) {
    const Row row = report.Find(section, name);
    EXPECT_EQ(row.verdict, "NO") << row;
    EXPECT_THAT(row.detail, HasSubstr("user.max_user_namespaces is 0"));
    EXPECT_THAT(row.fix, HasSubstr("sysctl -w user.max_user_namespaces="));
  }
  // The others are not affected.
  EXPECT_EQ(report.Find("namespaces", "uts").verdict, "OK");
  EXPECT_EQ(report.Find("chapters", "1 uts-ns").verdict, "OK");
  EXPECT_EQ(report.Find("chapters", "3 pid-ns").verdict, "OK");
  // Root of a user namespace is not the host's root.
  EXPECT_EQ(report.Find("machine", "user").verdict, "LIMITED");
}

TEST_F(DoctorTest, NamesTheNamespaceThatHasReachedItsLimit) {
  const Report report = AskForReport(
      {.args = {}, .before_exec = [] { return ForbidNamespaces("ipc"); }});
  EXPECT_EQ(report.Find("namespaces", "ipc").verdict, "NO");
  EXPECT_EQ(report.Find("chapters", "1 uts-ns").verdict, "OK");
  // Every chapter from the second on makes one, except the seventh and the
  // eleventh.
  for (const std::string& chapter : kChapters) {
    if (chapter != "1 uts-ns" && chapter != "7 cgroup-memory" &&
        chapter != "11 fuse-union") {
      const Row row = report.Find("chapters", chapter);
      EXPECT_EQ(row.verdict, "NO") << row;
      EXPECT_THAT(row.detail, AnyOf(HasSubstr("user.max_ipc_namespaces is 0"),
                                    HasSubstr("ENOSPC")))
          << row;
    }
  }
  EXPECT_THAT(report.Find("chapters", "2 ipc-ns").detail,
              HasSubstr("user.max_ipc_namespaces is 0"));
}

TEST_F(DoctorTest, AnOrdinaryUserIsSentToSudo) {
  const Report root = AskForReport({});
  const Report users = AskForReport({.args = {}, .uid = kOrdinaryUser});
  EXPECT_EQ(users.exit_status, 1);
  for (const std::string& chapter : kChapters) {
    const Row row = users.Find("chapters", chapter);
    // These need no root: the last only if the host lets everybody use FUSE.
    if (chapter[0] != '5' && chapter[0] != '6' && chapter != "11 fuse-union") {
      EXPECT_EQ(row.verdict, root.Find("chapters", chapter).verdict == "NO"
                                 ? "NO"
                                 : "LIMITED")
          << row;
      EXPECT_THAT(row.fix, HasSubstr("sudo")) << row;
    }
  }
}

TEST_F(DoctorTest, NamesThePackageOfAMissingProgram) {
  // This PATH contains no program; those for root are searched for in sbin,
  // too.
  const Report report =
      AskForReport({.args = {}, .environment = {{"PATH=" + TestDirectory()}}});
  for (const auto& [chapter, package] :
       {std::pair("7 cgroup-memory", "stress"), std::pair("3 pid-ns", "procps"),
        std::pair("2 ipc-ns", "util-linux")}) {
    EXPECT_EQ(report.Find("tools", package).verdict, "NO");
    EXPECT_THAT(report.Find("tools", package).fix, HasSubstr(package));
    const Row row = report.Find("chapters", chapter);
    EXPECT_THAT(row.verdict, AnyOf("LIMITED", "NO")) << row;
    EXPECT_THAT(row.detail, HasSubstr(package)) << row;
  }
  EXPECT_EQ(report.exit_status, 1);
}

TEST_F(DoctorTest, KnowsWhichPackageHasWhichProgram) {
  SKIP_IF(WhyNoTool("dpkg"));
  for (const Row& row : AskForReport({}).Rows("tools")) {
    if (row.verdict != "OK") {
      continue;
    }
    const std::vector<std::string> files =
        Ask(absl::StrCat("dpkg -L ", row.name));
    for (const absl::string_view tool : absl::StrSplit(row.detail, ", ")) {
      EXPECT_EQ(WhyNoTool(std::string(tool)), "");
      EXPECT_THAT(files, Contains(testing::EndsWith(absl::StrCat("/", tool))))
          << row.name;
    }
  }
}

TEST_F(DoctorTest, SaysWhatItTakes) {
  EXPECT_THAT(Execute({.args = {"-help"}}),
              testing::AllOf(ExitsWith(0),
                             testing::Field(&Result::out, HasSubstr("-json"))));
  EXPECT_THAT(Execute({.args = {"-nonsense"}}),
              FailsInOneLine(125, HasSubstr("nonsense")));
  EXPECT_THAT(Execute({.args = {"1"}}),
              FailsInOneLine(125, HasSubstr("no words")));
  EXPECT_THAT(RunOnHost("exec \"$RUN\" >/dev/full"),
              FailsInOneLine(125, HasSubstr("ENOSPC")));
}

}  // namespace
}  // namespace blackbox
