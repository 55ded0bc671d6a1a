// `make recover` removes what a killed `run` or an experiment leaves behind,
// and nothing else. The program under test is chapter 10's, which can leave
// everything that a container can.

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/cgroups.h"
#include "tests/support/chapter.h"
#include "tests/support/held_container.h"
#include "tests/support/layers_test.h"
#include "tests/support/mounts.h"
#include "tests/support/proc.h"
#include "tests/support/program.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter{"10-union-fs",
                               {"uts", "ipc", "pid", "mnt", "net"}};
  return chapter;
}

namespace {

namespace fs = std::filesystem;

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using RecoverTest = LayersTest;

// The script of the project that this program is built in.
std::string Script() {
  return fs::read_symlink("/proc/self/exe").parent_path() /
         "../../../scripts/recover.sh";
}

Result Recover() { return Execute({.program = Script()}); }

// Each container has a directory here that records what belongs to it.
const std::string kRecords = "/run/mydocker/";

// The directories of a container's cgroups, in all hierarchies.
std::vector<std::string> CgroupsOf(const std::string& id) {
  std::vector<std::string> found;
  for (const std::string& directory : AllContainerCgroups()) {
    if (absl::EndsWith(directory, "/" + id)) {
      found.push_back(directory);
    }
  }
  return found;
}

// The mount points of the hierarchies in which a container has cgroups.
std::set<std::string> Hierarchies() {
  std::set<std::string> mount_points;
  for (const char* name : {"memory", "cpu", "cpuset", "pids"}) {
    if (const auto place = FindController(name); place.has_value()) {
      mount_points.insert(place->mount_point);
    }
  }
  return mount_points;
}

// Kills `run`, and returns the id of its container when that is dead.
std::string Abandon(HeldContainer& container) {
  std::string id = container.Cgroups().id();
  container.run().Signal(SIGKILL);
  EXPECT_EQ(container.run().Wait().signal, SIGKILL);
  EXPECT_TRUE(WaitForEnd(container.init()));
  return id;
}

std::string Removed(const std::string& directory) {
  return absl::StrCat("recover: removed ", directory, "\n");
}

void EnterCgroup(pid_t pid, const std::string& directory) {
  std::ofstream file(directory + "/cgroup.procs");
  file << pid << std::flush;
  ASSERT_TRUE(file.good()) << directory;
}

TEST_F(RecoverTest, RemovesTheCgroupsOfAKilledRunAndSaysSo) {
  HeldContainer container;
  const std::string id = Abandon(container);
  const std::vector<std::string> cgroups = CgroupsOf(id);
  ASSERT_THAT(cgroups, Not(IsEmpty()));
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_EQ(result.err, "");
  EXPECT_THAT(CgroupsOf(id), IsEmpty());
  for (const std::string& directory : cgroups) {
    EXPECT_THAT(result.out, HasSubstr(Removed(directory)));
  }
  const Result again = Recover();
  EXPECT_THAT(again, ExitsWith(0));
  EXPECT_THAT(again.out, HasSubstr("recover: nothing was left behind\n"));
}

// A process outlives the container: for example, one of the host's that has
// entered its cgroup.
TEST_F(RecoverTest, KillsWhatIsInTheCgroupsAndBelow) {
  HeldContainer container;
  const std::vector<std::string> cgroups = CgroupsOf(Abandon(container));
  Process inside({.args = {"1000"}, .program = "sleep"});
  Process below({.args = {"1000"}, .program = "sleep"});
  for (const std::string& directory : cgroups) {
    EnterCgroup(inside.pid(), directory);
    ASSERT_EQ(mkdir((directory + "/below").c_str(), 0755), 0);
    // A new cgroup of v1's cpuset accepts no process.
    if (access((directory + "/cpuset.mems").c_str(), F_OK) != 0 ||
        !FindController("cpuset")->v1) {
      EnterCgroup(below.pid(), directory + "/below");
    }
  }
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  for (Process* process : {&inside, &below}) {
    EXPECT_THAT(result.out, HasSubstr(absl::StrCat("recover: killed process ",
                                                   process->pid(), " in ")));
    EXPECT_EQ(process->Wait().signal, SIGKILL);
  }
  for (const std::string& directory : cgroups) {
    EXPECT_FALSE(fs::exists(directory));
  }
}

TEST_F(RecoverTest, RemovesLayersAndWhatLiesBesideKeptChanges) {
  HeldContainer container({"-layer", Path("base"), "-keep-upper", Path("kept")},
                          "echo mine >/etc/new");
  const std::string id = Abandon(container);
  const std::string work = absl::StrCat(Path("kept"), ".work-", id);
  ASSERT_TRUE(fs::exists(StateOf(id)));
  ASSERT_TRUE(fs::exists(work));
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_THAT(result.out, HasSubstr(Removed(StateOf(id))));
  EXPECT_FALSE(fs::exists(StateOf(id)));
  EXPECT_FALSE(fs::exists(work));
  EXPECT_EQ(ReadFile(Path("kept/etc/new")), "mine\n");
  EXPECT_THAT(Names(Path("base/etc")), IsEmpty());
}

TEST_F(RecoverTest, SparesContainersThatRun) {
  HeldContainer alive({"-m", "48m", "-layer", Path("base")},
                      "echo mine >/etc/new");
  HeldContainer dead({"-layer", Path("base")});
  const std::string id = alive.Cgroups().id();
  const std::string dead_id = Abandon(dead);
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_THAT(
      result.out,
      HasSubstr(absl::StrCat("recover: left ", kRecords, id, " alone: process ",
                             alive.run().pid(), " watches this container\n")));
  EXPECT_EQ(alive.Cgroups().MemoryLimit(),
            ContainerCgroups::ExpectedMemoryLimit(48 << 20));
  EXPECT_THAT(alive.Cgroups().Processes("memory"), Contains(alive.init()));
  EXPECT_EQ(
      AskInside(alive.init(), {"mnt"}, [] { return ReadFile("/etc/new"); }),
      "mine\n");
  EXPECT_THAT(CgroupsOf(dead_id), IsEmpty());
  EXPECT_FALSE(fs::exists(StateOf(dead_id)));
  EXPECT_THAT(alive.End(5), ExitsWith(5));
}

// A container that is nobody's child survives, and so does a cgroup that
// somebody has made by hand, whatever its name.
TEST_F(RecoverTest, SparesWhatNobodyWatches) {
  HeldContainer left;
  const std::string id = left.Cgroups().id();
  const std::string record = kRecords + id;
  const std::string other =
      absl::StrCat(*Hierarchies().begin(), "/mydocker/0123456789ab");
  ASSERT_EQ(mkdir(other.c_str(), 0755), 0);
  // Here `run` still looks after the container, and removes it in the end.
  const std::string watcher = fs::read_symlink(record + "/watcher");
  fs::remove(record + "/watcher");
  fs::create_symlink("nobody", record + "/watcher");
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_THAT(result.out,
              HasSubstr(absl::StrCat("recover: left ", record,
                                     " alone: nobody watches this container")));
  EXPECT_THAT(result.out, HasSubstr(absl::StrCat("recover: left ", other,
                                                 " alone: there is no ")));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_EQ(kill(left.init(), 0), 0);

  // Now the watcher is a process that has ended and whose pid belongs to
  // another. The real `run` is stopped meanwhile.
  left.run().Signal(SIGSTOP);
  fs::remove(record + "/watcher");
  const std::string start =
      std::vector<std::string>(absl::StrSplit(watcher, ' '))[1];
  fs::create_symlink(absl::StrReplaceAll(watcher, {{start, "1"}}),
                     record + "/watcher");
  EXPECT_THAT(Recover(), ExitsWith(0));
  EXPECT_TRUE(WaitForEnd(left.init()));
  left.run().Signal(SIGKILL);
  EXPECT_EQ(left.run().Wait().signal, SIGKILL);
  EXPECT_EQ(rmdir(other.c_str()), 0);
  rmdir((*Hierarchies().begin() + "/mydocker").c_str());
}

// Only a name of 12 hexadecimal digits is a container's. After a reboot, only
// the layers of a container are left.
TEST_F(RecoverTest, SparesLayersOfNoContainersName) {
  const std::string parent = "/var/lib/mydocker";
  const std::vector<std::string> names = {"notes", "0123456789AB",
                                          "0123456789abc", "0123456789a"};
  const std::string abandoned = parent + "/0123456789ab";
  mkdir(parent.c_str(), 0755);
  for (const std::string& name : names) {
    ASSERT_EQ(mkdir(absl::StrCat(parent, "/", name).c_str(), 0755), 0);
  }
  ASSERT_EQ(mkdir(abandoned.c_str(), 0755), 0);
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  for (const std::string& name : names) {
    const std::string path = absl::StrCat(parent, "/", name);
    EXPECT_EQ(rmdir(path.c_str()), 0) << path;
    EXPECT_THAT(result.out,
                HasSubstr(absl::StrCat("recover: left ", path,
                                       " alone: it is no container's\n")));
  }
  EXPECT_FALSE(fs::exists(abandoned));
  EXPECT_EQ(rmdir(parent.c_str()), 0);
}

// A mount that has propagated to the host: the files behind it are not the
// container's, and stay.
TEST_F(RecoverTest, UnmountsWhatIsMountedInAbandonedLayersOrElseLeavesThem) {
  HeldContainer container({"-layer", Path("base")});
  const std::string state = StateOf(Abandon(container));
  const std::string merged = state + "/merged";
  ASSERT_EQ(
      mount(Path("base").c_str(), merged.c_str(), nullptr, MS_BIND, nullptr),
      0);
  const int busy = open(merged.c_str(), O_RDONLY | O_CLOEXEC);
  const Result refused = Recover();
  EXPECT_THAT(refused, ExitsWith(1)) << refused;
  EXPECT_THAT(refused.err, HasSubstr(merged));
  EXPECT_TRUE(fs::exists(Path("base/bin/busybox")));
  close(busy);
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_THAT(result.out,
              HasSubstr(absl::StrCat("recover: unmounted ", merged, "\n")));
  EXPECT_FALSE(fs::exists(state));
  EXPECT_EQ(CountMounts(getpid(), merged), 0);
  EXPECT_TRUE(fs::exists(Path("base/bin/busybox")));
}

// The project is the one that the script is in; here, one made for the test.
TEST_F(RecoverTest, UnmountsWhatIsMountedInTheProjectsRootFileSystems) {
  const std::string project = TestDirectory() + "/project";
  fs::create_directories(project + "/scripts");
  fs::copy_file(Script(), project + "/scripts/recover.sh");
  const std::vector<std::string> left = {"rootfs", "rootfs/a b\\c", "rootfs",
                                         "rootfs-debian/dev"};
  const std::vector<std::string> others = {"rootfs-mine", "other"};
  for (const auto& names : {left, others}) {
    for (const std::string& name : names) {
      const std::string path = absl::StrCat(project, "/build/", name);
      fs::create_directories(path);
      ASSERT_EQ(mount("test", path.c_str(), "tmpfs", 0, nullptr), 0) << path;
    }
  }
  const Result result = Execute({.program = project + "/scripts/recover.sh"});
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_EQ(result.err, "");
  for (const std::string& name : left) {
    EXPECT_THAT(result.out,
                HasSubstr(absl::StrCat("recover: unmounted ", project,
                                       "/build/", name, "\n")));
  }
  for (const std::string& point : MountPointsOf(getpid())) {
    EXPECT_FALSE(absl::StartsWith(point, project + "/build/rootfs/") ||
                 absl::StartsWith(point, project + "/build/rootfs-debian/") ||
                 point == project + "/build/rootfs")
        << point;
  }
  for (const std::string& name : others) {
    const std::string path = absl::StrCat(project, "/build/", name);
    EXPECT_EQ(umount(path.c_str()), 0) << path;
  }
}

// A lock that is held for ever does not block `recover` for ever.
TEST_F(RecoverTest, SaysThatALockIsHeldAndGoesOn) {
  HeldContainer alive;
  HeldContainer dead({"-layer", Path("base")});
  const std::string dead_id = Abandon(dead);
  const int lock = open((kRecords + "abandoned.lock").c_str(),
                        O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  const Result result = Recover();
  EXPECT_THAT(result, ExitsWith(1)) << result;
  EXPECT_THAT(result.err, HasSubstr("abandoned.lock locked for 5 s"));
  EXPECT_FALSE(fs::exists(StateOf(dead_id)));
  close(lock);
  EXPECT_THAT(Recover(), ExitsWith(0));
  EXPECT_THAT(CgroupsOf(dead_id), IsEmpty());
  EXPECT_THAT(alive.End(), ExitsWith(0));
}

// What has been mounted on /proc, in a mount namespace that plays the host, and
// how many of those mounts `recover` removes.
struct HiddenProc {
  std::string name;
  std::string mounts;
  int unmounted;
};

void PrintTo(const HiddenProc& hidden, std::ostream* stream) {
  *stream << hidden.mounts;
}

class RecoverProcTest : public RecoverTest,
                        public testing::WithParamInterface<HiddenProc> {
 protected:
  // `mounts`, with functions for the host's proc and for that of a PID
  // namespace that has ended since; then what the host's /proc shows,
  // `recover`, and the same once more.
  static Result RecoverOn(const std::string& mounts, const std::string& then) {
    return Execute(
        {.args = {"-ec",
                  absl::StrCat("ours() { mount -t proc proc /proc; }\n"
                               "others() { unshare --pid --fork mount -t proc "
                               "proc /proc; }\n"
                               "mounts() { grep ' /proc ' /proc/$$/mountinfo; "
                               "}\n",
                               "before=$(mounts)\n", mounts, "\n\"$0\"\n",
                               then),
                  Script()},
         .program = "sh",
         .before_exec = HostWithMounts(MS_SHARED)});
  }
};

INSTANTIATE_TEST_SUITE_P(
    All, RecoverProcTest,
    testing::Values(HiddenProc{"Once", "others", 1},
                    HiddenProc{"Twice", "others; others", 2},
                    // The article's own fix.
                    HiddenProc{"AndOursMountedOnTop", "others; ours", 2},
                    HiddenProc{"AndOursAndOnceMore", "others; ours; others",
                               3}),
    [](const auto& info) { return info.param.name; });

TEST_P(RecoverProcTest, HostsProcIsSeenAgain) {
  const Result result = RecoverOn(GetParam().mounts,
                                  "test \"$(mounts)\" = \"$before\"\n"
                                  "test $(readlink /proc/self) -gt 1\n"
                                  "echo seen\n");
  EXPECT_THAT(result, ExitsWith(0)) << result;
  std::string told;
  for (int i = 0; i < GetParam().unmounted; ++i) {
    told += "recover: unmounted from /proc a proc that hid the host's\n";
  }
  EXPECT_TRUE(absl::StartsWith(result.out, told) &&
              !absl::StartsWith(result.out, told + "recover: unmounted"))
      << result;
  EXPECT_TRUE(absl::EndsWith(result.out, "\nseen\n")) << result;
}

TEST_F(RecoverProcTest, ProcIsMountedWhereThereIsNone) {
  const Result result = RecoverOn("umount -l /proc; others",
                                  "test $(mounts | wc -l) = 1\n"
                                  "test $(readlink /proc/self) -gt 1\n"
                                  "echo seen\n");
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_THAT(result.out, HasSubstr("recover: mounted proc on /proc\n"));
  EXPECT_TRUE(absl::EndsWith(result.out, "\nseen\n")) << result;
}

// Two procs that both show this process hide nothing: somebody mounted the
// second on purpose.
TEST_F(RecoverProcTest, SecondProcOfTheHostsStays) {
  const Result result = RecoverOn("ours; before=$(mounts)",
                                  "test \"$(mounts)\" = \"$before\"\n"
                                  "echo stayed\n");
  EXPECT_THAT(result, ExitsWith(0)) << result;
  EXPECT_THAT(result.out, Not(HasSubstr("/proc")));
  EXPECT_TRUE(absl::EndsWith(result.out, "\nstayed\n")) << result;
}

}  // namespace
}  // namespace blackbox
