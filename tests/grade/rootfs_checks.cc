// Chapter 9: a root file system of its own.

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/grade/cgroups.h"
#include "tests/grade/grade.h"
#include "tests/grade/hosts_mounts.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/rootfs.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

namespace fs = std::filesystem;

// The check's own root file system.
struct Rootfs {
  const std::string path = MakeRootfs();
  const Words flags = {"-rootfs", path};

  // A file or folder of it, as the host sees it.
  std::string Path(const std::string& name) const {
    return absl::StrCat(path, "/", name);
  }
  void Write(const std::string& name, const std::string& content,
             unsigned permissions = 0644) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    chmod(Path(name).c_str(), permissions);
  }
  // The flags `more`, followed by -rootfs.
  Words With(Words more) const {
    more.insert(more.end(), flags.begin(), flags.end());
    return more;
  }
};

TEST_F(Grade, FilesAreTheDirectorys) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const std::string name = RandomName();
  const std::string word = RandomName();
  rootfs.Write(name, word + "\n");
  Shell shell(rootfs.flags);
  if (shell.IsThere() && shell.Expect("cat /" + name, word)) {
    shell.Ask(absl::StrCat("echo ", name, " >/home/new"));
    const std::string look = "host$ cat " + rootfs.Path("home/new") + "\n";
    const std::string came = ReadFile(rootfs.Path("home/new"));
    shell.Expect(came == name + "\n", look + name, look + came);
  }
}

TEST_F(Grade, HostsFilesAreNotThere) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const std::string word = RandomName();
  const std::string file = MakeFile(RandomName(), word, 0644);
  const Answer answer = Try({"cat", file}, rootfs.flags);
  answer.Expect(answer.Status() == 1 && answer.out.empty(),
                "exit status 1, no output: there is no such file");
}

// Checked from the top of its mount namespace, where a process ends up that
// leaves a chroot, by whatever way.
TEST_F(Grade, NoWayBackToTheHost) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const std::string file = MakeFile(RandomName(), "", 0644);
  const Shell shell(rootfs.flags);
  if (!shell.IsThere()) {
    return;
  }
  const std::string found = AskInside(shell.pid(), {"mnt"}, [&file] {
    return access(file.c_str(), F_OK) == 0 ? "there" : "not there";
  });
  const std::string look =
      absl::StrCat("host$ sudo nsenter --target ", shell.pid(), " --mount ls ",
                   file, "   (a file of the host's)\n");
  shell.Expect(found == "not there", look + "No such file or directory",
               look + file);
}

TEST_F(Grade, HostsMountsAreGone) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const Shell shell(rootfs.flags);
  if (shell.IsThere()) {
    ExpectNoMountOfTheHosts(shell);
  }
}

TEST_F(Grade, WorkingDirectoryIsTheRoot) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Invocation invocation = AskingForAShell(rootfs.flags);
  invocation.directory = TestDirectory();
  Shell shell(invocation);
  if (shell.IsThere() && shell.Expect("pwd", "/")) {
    ExpectInRootDirectory(shell);
  }
}

TEST_F(Grade, ProcIsInTheRootfs) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Shell shell(rootfs.flags);
  if (shell.IsThere() && shell.Expect("cd /proc && echo [0-9]*", "1")) {
    ExpectProcOfItsOwn(shell);
  }
}

TEST_F(Grade, DevicesWork) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Shell shell(rootfs.flags);
  if (shell.IsThere() &&
      shell.Expect(
          "cd /dev; stat -c '%n %F %t,%T %a' full null random tty urandom zero",
          "full character special file 1,7 666\n"
          "null character special file 1,3 666\n"
          "random character special file 1,8 666\n"
          "tty character special file 5,0 666\n"
          "urandom character special file 1,9 666\n"
          "zero character special file 1,5 666")) {
    const std::string size = absl::StrCat(RandomNumber(100, 999));
    shell.Expect(absl::StrCat("echo lost >/dev/null; head -c ", size,
                              " /dev/zero | wc -c"),
                 size);
  }
}

TEST_F(Grade, PtsAndShmAreItsOwn) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Shell shell(rootfs.flags);
  if (!shell.IsThere() || !shell.Expect("ls /dev/pts", "ptmx")) {
    return;
  }
  const std::string name = RandomName();
  if (!shell.Expect(absl::StrCat("echo x >/dev/shm/", name, "; ls /dev/shm"),
                    name)) {
    return;
  }
  const std::string hosts = "/dev/shm/" + name;
  const bool there = access(hosts.c_str(), F_OK) == 0;
  shell.Expect(!there, "host$ ls " + hosts + "\nNo such file or directory",
               "host$ ls " + hosts + "\n" + hosts);
  if (there) {
    unlink(hosts.c_str());
  }
}

// Returns whether a container may have this device in any case: memory (1, but
// neither mem nor port), this process's terminal and new ones (5, 136 and
// higher).
bool IsHarmless(const struct stat& device) {
  static const std::set<std::pair<unsigned, unsigned>> kHarmless = {
      {1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}};
  return S_ISCHR(device.st_mode) &&
         (major(device.st_rdev) == 136 ||
          kHarmless.count({major(device.st_rdev), minor(device.st_rdev)}) != 0);
}

// /dev as the process sees it, so through its root.
TEST_F(Grade, DevHasNothingElse) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const Shell shell(rootfs.flags);
  if (!shell.IsThere()) {
    return;
  }
  const std::string dev = absl::StrCat("/proc/", shell.pid(), "/root/dev");
  Words found;
  std::error_code error;
  for (fs::recursive_directory_iterator i(dev, error), end; !error && i != end;
       i.increment(error)) {
    struct stat device = {};
    if (lstat(i->path().c_str(), &device) == 0 &&
        (S_ISCHR(device.st_mode) || S_ISBLK(device.st_mode)) &&
        !IsHarmless(device)) {
      found.push_back(i->path().lexically_relative(dev));
    }
  }
  std::sort(found.begin(), found.end());
  const std::string look =
      absl::StrCat("host$ sudo find ", dev, " -type b -o -type c\n");
  shell.Expect(found.empty(), look + "no devices but those of the chapter",
               look + absl::StrJoin(found, " "));
}

TEST_F(Grade, SysIsReadOnly) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Shell shell(rootfs.flags);
  if (!shell.IsThere() || !shell.Expect("ls /sys/class/net", "lo")) {
    return;
  }
  const std::string came = shell.Ask("mkdir /sys/" + RandomName());
  shell.Expect(absl::StrContains(came, "Read-only file system"),
               "Read-only file system", came);
}

TEST_F(Grade, CommandIsFoundInside) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const std::string name = RandomName();
  const std::string word = RandomName();
  rootfs.Write("bin/" + name, "#!/bin/sh\necho " + word + "\n", 0755);
  if (!Try({name}, rootfs.flags).ExpectOutput(word + "\n")) {
    return;
  }
  const std::string hosts =
      MakeFile(RandomName(), "#!/bin/sh\necho started\n", 0755);
  const Answer answer = Try({hosts}, rootfs.flags);
  answer.Expect(answer.Status() == 127,
                "exit status 127: only the host has that program");
}

// An open directory of the host's would be a way out, too.
TEST_F(Grade, NothingOfTheHostsIsOpen) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Invocation invocation = Asking({"ls", "/proc/self/fd"}, rootfs.flags);
  invocation.open_files = {RandomNumber(60, 200)};
  Answer answer = Try(invocation);
  answer.ran = absl::StrCat("exec ", *invocation.open_files.begin(),
                            "</dev/null\n", answer.ran);
  if (!answer.Expect(
          answer.out == "0\n1\n2\n3\n",
          "0\n1\n2\n3   (3 is the directory that ls itself has opened)")) {
    return;
  }
  Invocation interactive = AskingForAShell(rootfs.flags);
  interactive.open_files = invocation.open_files;
  const Shell shell(interactive);
  if (shell.IsThere()) {
    ExpectStandardStreamsAlone(shell);
  }
}

TEST_F(Grade, NullIsTheContainersOwn) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  struct stat null = {};
  ASSERT_EQ(stat("/dev/null", &null), 0);
  const std::string hosts = absl::StrCat(null.st_dev, ":", null.st_ino);
  const Answer answer =
      Try({"stat", "-L", "-c", "%F %d:%i", "/proc/self/fd/0"}, rootfs.flags);
  answer.Expect(answer.Status() == 0 &&
                    absl::StartsWith(answer.out, "character special file ") &&
                    answer.out != "character special file " + hosts + "\n",
                absl::StrCat("character special file, and other numbers than ",
                             hosts, ", the host's /dev/null"));
}

TEST_F(Grade, DirectoryStaysAsItWas) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const std::map<std::string, std::string> before = Inventory(rootfs.path);
  const Answer answer = Try({"true"}, rootfs.flags);
  if (!answer.ExpectStatus(0)) {
    return;
  }
  Words changed;
  for (const auto& [path, state] : Inventory(rootfs.path)) {
    const auto old = before.find(path);
    if (old == before.end() || old->second != state) {
      changed.push_back(path);
    }
  }
  answer.Expect(changed.empty(), "nothing in the directory is new or changed",
                "new or changed: " + absl::StrJoin(changed, " "));
}

// The link's target exists inside and outside, so that a program can follow it
// whether it mounts before or after it changes the root.
TEST_F(Grade, LinksAreNotFollowed) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  if (!Try({"true"}, rootfs.flags).ExpectStatus(0)) {
    return;
  }
  const std::string target = TestDirectory() + "/target";
  fs::create_directory(target);
  fs::create_directories(rootfs.path + target);
  for (const char* folder : {"dev", "proc", "sys"}) {
    fs::remove(rootfs.Path(folder));
    fs::create_symlink(target, rootfs.Path(folder));
    Answer answer = Try({"echo", "started"}, rootfs.flags);
    answer.ran = absl::StrCat("ln -s ", target, " ", rootfs.Path(folder), "\n",
                              answer.ran);
    const bool refused =
        answer.Expect(answer.Status() == 125 && answer.out.empty() &&
                          !answer.err.empty() && fs::is_empty(target),
                      "exit status 125, no output: the command is not started\n"
                      "errors: a message");
    fs::remove(rootfs.Path(folder));
    fs::create_directory(rootfs.Path(folder));
    if (!refused) {
      return;
    }
  }
}

TEST_F(Grade, BadRootfsIsRefused) {
  SKIP_IF(WhyNoTool("busybox"));
  if (!Try({"true"}, Rootfs().flags).ExpectStatus(0)) {
    return;
  }
  const std::string made = WatchedDirectory() + "/made";
  for (const std::string& directory :
       {TestDirectory() + "/" + RandomName(), MakeFile("file", "", 0644),
        std::string("/")}) {
    Answer answer = Try({"touch", made}, {"-rootfs", directory});
    const bool refused = answer.Expect(
        answer.Status() == 125 && !answer.err.empty() &&
            access(made.c_str(), F_OK) != 0,
        "exit status 125: the command is not started\nerrors: a message");
    unlink(made.c_str());
    if (!refused) {
      return;
    }
  }
}

TEST_F(Grade, HostNameIsSet) {
  const std::string name = RandomName();
  Try({"uname", "-n"}, {"-hostname", name}).ExpectOutput(name + "\n");
}

TEST_F(Grade, HostNamesDiffer) {
  const std::string hosts = ReadFile("/proc/sys/kernel/hostname");
  const Answer one = Try({"uname", "-n"});
  if (!one.Expect(one.Status() == 0 && one.out.size() > 1 && one.out != hosts,
                  "a host name, and not the host's")) {
    return;
  }
  const Answer other = Try({"uname", "-n"});
  other.Expect(
      other.Status() == 0 && other.out != hosts && other.out != one.out,
      "neither the host's name nor " + one.out + "as in the container before");
}

TEST_F(Grade, PidsLimit) {
  SKIP_IF(WhyNoController("pids"));
  const std::string limit = absl::StrCat(RandomNumber(20, 200));
  const Shell shell({"-pids-limit", limit});
  if (shell.IsThere()) {
    ExpectLimit(shell, kPidsLimit, limit);
  }
}

// Several times, because it is a race.
TEST_F(Grade, PidsAreLimitedFromTheStart) {
  SKIP_IF(WhyNoController("pids"));
  const std::string script = ScriptThatPrints(kPidsLimit);
  for (int i = 0; i < 5; ++i) {
    const std::string limit = absl::StrCat(RandomNumber(20, 200));
    const Answer answer = Try({script}, {"-pids-limit", limit});
    if (!answer.Expect(answer.out == limit + "\n",
                       absl::StrCat("output: ", limit,
                                    "   (the script prints the limit of the "
                                    "cgroup that it is in)"))) {
      return;
    }
  }
}

// The command tries to make far more children than its limit allows.
TEST_F(Grade, TooManyProcessesAreRefused) {
  SKIP_IF(WhyNoController("pids"));
  const int limit = RandomNumber(8, 30);
  const Answer answer =
      Try({"perl", "-e",
           "$made = 1; while ($made < 100 && defined($pid = fork)) "
           "{ if (!$pid) { sleep 1000; exit } $made++ } print \"$made\\n\""},
          {"-pids-limit", absl::StrCat(limit)});
  answer.Expect(
      answer.Status() == 0 && answer.out == absl::StrCat(limit, "\n"),
      absl::StrCat("output: ", limit, "   (so many processes could be made)"));
}

TEST_F(Grade, NoPidsLimitUnlessAskedFor) {
  SKIP_IF(WhyNoController("pids"));
  const Shell shell;
  if (shell.IsThere()) {
    ExpectNoLimit(shell, kPidsLimit, "max");
  }
}

TEST_F(Grade, BadPidsLimitIsRefused) {
  SKIP_IF(WhyNoController("pids"));
  if (!Try({"true"}, {"-pids-limit", "20"}).ExpectStatus(0)) {
    return;
  }
  for (const std::string& limit : {RandomName(), std::string("0"),
                                   absl::StrCat("-", RandomNumber(1, 99))}) {
    const Answer answer = Try({"echo", "started"}, {"-pids-limit", limit});
    if (!answer.ExpectRefusal("the command is not started")) {
      return;
    }
  }
}

// Exercise: -read-only.

TEST_F(Grade, RootIsReadOnly) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Shell shell(rootfs.With({"-read-only"}));
  if (shell.IsThere()) {
    const std::string came = shell.Ask("touch /home/" + RandomName());
    shell.Expect(absl::StrContains(came, "Read-only file system") &&
                     fs::is_empty(rootfs.Path("home")),
                 "Read-only file system", came);
  }
}

TEST_F(Grade, DevStaysWritable) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const std::string word = RandomName();
  Try({"sh", "-c",
       absl::StrCat("echo lost >/dev/null; echo ", word,
                    " >/dev/shm/word; cat /dev/shm/word")},
      rootfs.With({"-read-only"}))
      .ExpectOutput(word + "\n");
}

// Exercise: -volume, now that the host's files are gone.

// A directory of the host's with a file in it.
struct HostDirectory {
  const std::string word = RandomName();
  const std::string path = TestDirectory() + "/volume";
  HostDirectory() {
    fs::create_directory(path);
    MakeFile("volume/file", word + "\n", 0644);
  }
};

TEST_F(Grade, VolumeIsInTheRootfs) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const HostDirectory volume;
  Shell shell(rootfs.With({"-volume", volume.path + ":/home"}));
  if (shell.IsThere() && shell.Expect("cat /home/file", volume.word)) {
    const std::string name = RandomName();
    shell.Ask("touch /home/" + name);
    const std::string look =
        absl::StrCat("host$ ls ", volume.path, "/", name, "\n");
    shell.Expect(access((volume.path + "/" + name).c_str(), F_OK) == 0,
                 look + volume.path + "/" + name,
                 look + "No such file or directory");
  }
}

// The link's target exists inside and outside.
TEST_F(Grade, VolumesTargetLiesInside) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  const HostDirectory volume;
  const std::string target = TestDirectory() + "/target";
  fs::create_directory(target);
  fs::create_directories(rootfs.path + target);
  fs::create_symlink(target, rootfs.Path("link"));
  Shell shell(rootfs.With({"-volume", volume.path + ":/link"}));
  if (shell.IsThere()) {
    shell.Expect(absl::StrCat("readlink /link; cat ", target, "/file"),
                 absl::StrCat(target, "\n", volume.word));
  }
}

// Exercise: -cap-drop.

struct Capability {
  const char* name;
  int bit;
};
constexpr Capability kCapabilities[] = {{"CHOWN", 0},       {"NET_RAW", 13},
                                        {"SYS_CHROOT", 18}, {"SYS_ADMIN", 21},
                                        {"SYS_TIME", 25},   {"MKNOD", 27}};

TEST_F(Grade, CapabilityIsDropped) {
  const Capability& dropped = kCapabilities[RandomNumber(
      0, static_cast<int>(std::size(kCapabilities)) - 1)];
  const Shell shell({"-cap-drop", dropped.name});
  if (!shell.IsThere()) {
    return;
  }
  for (const char* set : {"CapEff", "CapBnd"}) {
    const uint64_t ours =
        std::stoull(StatusField(getpid(), set)[0], nullptr, 16);
    const std::string wanted = absl::StrCat(
        absl::Hex(ours & ~(uint64_t{1} << dropped.bit), absl::kZeroPad16));
    const Words came = StatusField(shell.pid(), set);
    const std::string look = absl::StrCat("host$ grep ", set, " /proc/",
                                          shell.pid(), "/status\n", set, ": ");
    if (!shell.Expect(
            came == Words{wanted},
            absl::StrCat(look, wanted, "   (all but bit ", dropped.bit, ")"),
            look + absl::StrJoin(came, " "))) {
      return;
    }
  }
}

TEST_F(Grade, NothingIsMountedWithoutSysAdmin) {
  SKIP_IF(WhyNoTool("busybox"));
  const Rootfs rootfs;
  Shell shell(rootfs.With({"-cap-drop", "SYS_ADMIN"}));
  if (!shell.IsThere()) {
    return;
  }
  const std::string name = RandomName();
  shell.Expect(absl::StrCat("mount -t tmpfs ", name,
                            " /home 2>/dev/null || echo refused; grep -c ",
                            name, " /proc/self/mountinfo"),
               "refused\n0");
}

}  // namespace
}  // namespace blackbox
