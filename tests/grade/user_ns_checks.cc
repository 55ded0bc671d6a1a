// Chapter 5: root, without being root.

#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tests/grade/grade.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

TEST_F(Grade, RootInside) {
  Try({"sh", "-c", "id -u; id -g"}).ExpectOutput("0\n0\n");
}

// The shell's file in /proc, as the host sees it, in one line.
std::string FileInWords(const Shell& shell, const std::string& name) {
  return absl::StrJoin(
      Words(absl::StrSplit(
          ReadFile(absl::StrCat("/proc/", shell.pid(), "/", name)),
          absl::ByAnyChar(" \n"), absl::SkipEmpty())),
      " ");
}

TEST_F(Grade, MapsSayWhoIsWho) {
  const Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string map = absl::StrCat("0 ", CallersUid(), " 1");
  for (const std::string file : {"uid_map", "gid_map"}) {
    const std::string look =
        absl::StrCat("host$ cat /proc/", shell.pid(), "/", file, "\n");
    const std::string came = FileInWords(shell, file);
    shell.ExpectSeen(look, came, map);
  }
}

TEST_F(Grade, CallerOutside) {
  const Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string look =
      absl::StrCat("host$ grep Uid /proc/", shell.pid(), "/status\nUid: ");
  const std::string wanted =
      absl::StrJoin(std::vector<uid_t>(4, CallersUid()), " ");
  const std::string came = absl::StrJoin(StatusField(shell.pid(), "Uid"), " ");
  shell.ExpectSeen(look, came, wanted);
}

TEST_F(Grade, GroupsCannotBeGivenUp) {
  const Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string look =
      absl::StrCat("host$ cat /proc/", shell.pid(), "/setgroups\n");
  const std::string came = FileInWords(shell, "setgroups");
  shell.ExpectSeen(look, came, "deny");
}

TEST_F(Grade, RootMayMountAndRename) {
  const std::string name = RandomName();
  Shell shell;
  if (shell.IsThere() &&
      shell.Expect("hostname " + name + "; hostname", name)) {
    shell.Expect(absl::StrCat("mount -t tmpfs ", name, " ", TestDirectory(),
                              "; grep -c ", name, " /proc/self/mountinfo"),
                 "1");
  }
}

TEST_F(Grade, FilesAreTheCallersOutside) {
  const std::string directory = TestDirectory() + "/" + RandomName();
  ASSERT_EQ(mkdir(directory.c_str(), 0755), 0);
  ASSERT_EQ(chmod(directory.c_str(), 0777), 0);
  const std::string file = directory + "/file";
  Answer answer = Try({"touch", file});
  struct stat attributes = {};
  const bool made = stat(file.c_str(), &attributes) == 0;
  answer.ran += "\nhost$ stat -c %u " + file;
  answer.Expect(made && attributes.st_uid == CallersUid(),
                absl::StrCat(CallersUid()));
}

TEST_F(Grade, FilesOfOthersStayClosed) {
  const std::string secret = RandomName();
  const std::string file = MakeFile("secret", secret, 0600);
  const uid_t somebody = 4321;
  ASSERT_EQ(chown(file.c_str(), somebody, somebody), 0);
  Shell shell;
  if (shell.IsThere()) {
    const std::string came = shell.Ask("cat " + file);
    shell.Expect(came.find(secret) == std::string::npos,
                 "Permission denied: the file is user 4321's", came);
  }
}

// Exercises: -user and, for root, -range.

TEST_F(Grade, UserNumber) {
  const std::string number = absl::StrCat(RandomNumber(1, 60'000));
  const Shell shell({"-user", number});
  if (!shell.IsThere()) {
    return;
  }
  const std::string map = absl::StrCat(number, " ", CallersUid(), " 1");
  const std::string look =
      absl::StrCat("host$ cat /proc/", shell.pid(), "/uid_map\n");
  const std::string came = FileInWords(shell, "uid_map");
  shell.ExpectSeen(look, came, map);
}

TEST_F(Grade, UserIsThatInside) {
  const std::string number = absl::StrCat(RandomNumber(1, 60'000));
  Try({"id", "-u"}, {"-user", number}).ExpectOutput(number + "\n");
}

TEST_F(Grade, RangeOfUsers) {
  const int first = RandomNumber(100'000, 900'000);
  const int count = RandomNumber(1000, 60'000);
  Invocation invocation =
      AskingForAShell({"-range", absl::StrCat(first, ":", count)});
  invocation.uid.reset();
  Shell shell(invocation);
  if (!shell.IsThere() || !shell.Expect("id -u", "0")) {
    return;
  }
  const std::string map = absl::StrCat("0 ", first, " ", count);
  const std::string look =
      absl::StrCat("host$ cat /proc/", shell.pid(), "/uid_map\n");
  const std::string came = FileInWords(shell, "uid_map");
  if (!shell.ExpectSeen(look, came, map)) {
    return;
  }
  const std::string directory = TestDirectory() + "/shared";
  mkdir(directory.c_str(), 0755);
  chmod(directory.c_str(), 0777);
  const int user = RandomNumber(1, count - 1);
  const std::string file = directory + "/file";
  const std::string said =
      shell.Ask(absl::StrCat("touch ", file, "; chown ", user, " ", file));
  struct stat attributes = {};
  stat(file.c_str(), &attributes);
  const std::string owner = absl::StrCat("host$ stat -c %u ", file, "\n");
  shell.Expect(attributes.st_uid == static_cast<uid_t>(first + user),
               absl::StrCat(owner, first + user),
               absl::StrCat(said, owner, attributes.st_uid));
}

}  // namespace
}  // namespace blackbox
