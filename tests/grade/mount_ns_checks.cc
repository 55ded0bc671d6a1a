// Chapter 4: mounts of one's own.

#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/grade/grade.h"
#include "tests/support/mounts.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

TEST_F(Grade, MountsStayInside) {
  const std::string name = RandomName();
  const std::string directory = TestDirectory() + "/" + name;
  ASSERT_EQ(mkdir(directory.c_str(), 0755), 0);
  Shell shell;
  if (shell.IsThere() &&
      shell.Expect(absl::StrCat("mount -t tmpfs ", name, " ", directory,
                                "; grep -c ", name, " /proc/self/mountinfo"),
                   "1")) {
    const std::string look =
        absl::StrCat("host$ grep -c ", name, " /proc/self/mountinfo\n");
    const int mounts = CountMounts(getpid(), directory);
    shell.Expect(mounts == 0, look + "0", absl::StrCat(look, mounts));
  }
}

TEST_F(Grade, ProcOfItsOwn) {
  Try({"sh", "-c", "mount -t proc proc /proc && cd /proc && echo [0-9]*"})
      .ExpectOutput("1\n");
}

TEST_F(Grade, HostsProcStaysWhole) {
  const Answer answer = Try({"mount", "-t", "proc", "proc", "/proc"});
  answer.Expect(answer.Status() == 0, "exit status 0");
  if (access("/proc/self/stat", F_OK) != 0) {
    Complain(answer.ran, "host$ ls -d /proc/self\n/proc/self",
             "host$ ls -d /proc/self\n"
             "No such file or directory: the host's /proc is covered by the "
             "container's");
  }
}

// Chapter 8 makes this mount before the command starts.
TEST_F(Grade, ProcIsMounted) {
  Shell shell;
  if (shell.IsThere() && shell.Expect("cd /proc && echo [0-9]*", "1")) {
    ExpectProcOfItsOwn(shell);
  }
}

// Exercises: -proc and -volume.

TEST_F(Grade, ProcFlag) {
  Shell shell({"-proc"});
  if (shell.IsThere() && shell.Expect("cd /proc && echo [0-9]*", "1")) {
    ExpectProcOfItsOwn(shell);
  }
}

TEST_F(Grade, ProcFlagSparesTheHost) {
  const Answer answer = Try({"true"}, {"-proc"});
  answer.ExpectStatus(0);
  if (access("/proc/self/stat", F_OK) != 0) {
    Complain(answer.ran, "host$ ls -d /proc/self\n/proc/self",
             "host$ ls -d /proc/self\nNo such file or directory");
  }
}

// Two directories: one of the host's with a file, and one to see it in.
struct Volume {
  const std::string word = RandomName();
  const std::string source = TestDirectory() + "/source";
  const std::string target = TestDirectory() + "/target";
  Volume() {
    mkdir(source.c_str(), 0755);
    mkdir(target.c_str(), 0755);
    MakeFile("source/file", word + "\n", 0644);
  }
};

TEST_F(Grade, VolumeIsThere) {
  const Volume volume;
  Shell shell({"-volume", volume.source + ":" + volume.target});
  if (shell.IsThere() &&
      shell.Expect("cat " + volume.target + "/file", volume.word)) {
    shell.Ask("touch " + volume.target + "/new");
    shell.Expect(access((volume.source + "/new").c_str(), F_OK) == 0,
                 "host$ ls " + volume.source + "\nfile  new",
                 "host$ ls " + volume.source + "\nfile");
    shell.Expect(CountMounts(getpid(), volume.target) == 0,
                 "host$ grep " + volume.target + " /proc/self/mountinfo",
                 "a mount of the host's");
  }
}

TEST_F(Grade, VolumeIsReadOnly) {
  const Volume volume;
  Shell shell({"-volume", volume.source + ":" + volume.target + ":ro"});
  if (shell.IsThere() &&
      shell.Expect("cat " + volume.target + "/file", volume.word)) {
    const std::string command = "touch " + volume.target + "/new";
    const std::string came = shell.Ask(command);
    shell.Expect(access((volume.source + "/new").c_str(), F_OK) != 0,
                 "Read-only file system", came + "the file is made");
  }
}

}  // namespace
}  // namespace blackbox
