// The manager uses the machine's own hierarchies, so tests of that need root:
// they are few, and skipped for other users.

#include "common/cgroup/manager.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/container_id.h"
#include "common/base/errors.h"
#include "common/base/kernel_file.h"
#include "common/cgroup/cgroup.h"
#include "common/cgroup/hierarchy.h"
#include "common/cgroup/memory.h"
#include "common/cgroup/pids.h"
#include "common/namespaces/mountinfo.h"
#include "common/namespaces/mounts.h"
#include "common/process/child.h"
#include "tests/common/captured.h"
#include "tests/common/forked.h"
#include "tests/common/status_matchers.h"
#include "tests/common/temp_directory.h"
#include "tests/common/user_namespace.h"

namespace mydocker {
namespace {

using ::testing::AllOf;

ResourceConfig Memory() {
  ResourceConfig config;
  config.memory_limit = 1 << 20;
  return config;
}

std::vector<Mount> Mounts() {
  const absl::StatusOr<std::vector<Mount>> mounts = ReadMountInfo();
  EXPECT_THAT(mounts, IsOk());
  return mounts.value_or(std::vector<Mount>());
}

// The machine's hierarchies of the manager's controllers.
std::vector<Hierarchy> Hierarchies() {
  std::vector<Hierarchy> found;
  for (const char* controller : {"memory", "cpu", "cpuset"}) {
    const absl::StatusOr<Hierarchy> hierarchy =
        FindHierarchy(Mounts(), controller);
    if (hierarchy.ok()) {
      found.push_back(*hierarchy);
    }
  }
  return found;
}

// Whether the container `id` has a cgroup in `hierarchy`.
bool HasCgroup(const Hierarchy& hierarchy, const std::string& id) {
  return std::filesystem::exists(hierarchy.mount_point + "/mydocker/" + id);
}

// ------------------------------------------- this machine's hierarchies

class RealCgroupsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "it takes root to make cgroups";
    }
    if (Hierarchies().empty()) {
      GTEST_SKIP() << "this machine has no memory, cpu or cpuset controller";
    }
    for (const Hierarchy& hierarchy : Hierarchies()) {
      const absl::StatusOr<Cgroup> trial =
          Cgroup::Create(hierarchy, *NewContainerId());
      if (!trial.ok()) {
        GTEST_SKIP() << "no cgroup can be made here: " << trial.status();
      }
    }
  }

  const std::string id_ = *NewContainerId();
};

// A shell that waits until its input is killed.
Command Waiting(const Pipe& input) {
  Command command;
  command.argv = {"sh", "-c", "read forever <&3"};
  command.extra_files = {input.read_end.get()};
  return command;
}

std::string CgroupsOf(pid_t pid) {
  return ReadKernelFile("/proc/" + std::to_string(pid) + "/cgroup")
      .value_or("");
}

// How many lines of /proc/PID/cgroup name the container `id`.
int CountMemberships(pid_t pid, const std::string& id) {
  const std::string cgroups = CgroupsOf(pid);
  const std::string path = "/mydocker/" + id;
  int count = 0;
  for (size_t at = cgroups.find(path); at != std::string::npos;
       at = cgroups.find(path, at + 1)) {
    ++count;
  }
  return count;
}

// The number of different hierarchies that the manager's controllers are in.
int CountTrees() {
  std::vector<std::string> trees;
  for (const Hierarchy& hierarchy : Hierarchies()) {
    trees.push_back(hierarchy.mount_point);
  }
  std::sort(trees.begin(), trees.end());
  return static_cast<int>(std::unique(trees.begin(), trees.end()) -
                          trees.begin());
}

// On v2 the kernel accepts the limit, and reclaims the memory by all means, the
// OOM killer included.
TEST_F(RealCgroupsTest, RefuseALimitBelowWhatIsUsedOnV1) {
  const absl::StatusOr<Hierarchy> memory = FindHierarchy(Mounts(), "memory");
  if (!memory.ok() || memory->version != CgroupVersion::kV1) {
    GTEST_SKIP() << "the memory controller is not on cgroup v1 here";
  }
  const absl::StatusOr<Cgroup> cgroup = Cgroup::Create(*memory, id_);
  ASSERT_THAT(cgroup, IsOk());
  InFork([&] {
    ASSERT_THAT(cgroup->Attach(getpid()), IsOk());
    // Locked: no swap can take it.
    ASSERT_NE(
        mmap(nullptr, 8 << 20, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED | MAP_POPULATE, -1, 0),
        MAP_FAILED);
    EXPECT_THAT(MemorySubsystem().Set(*cgroup, Memory()),
                AllOf(HasErrno(EBUSY), Says("the processes inside use more")));
  });
}

TEST_F(RealCgroupsTest, TakeAProcessAndKillItWhenTheyGo) {
  absl::StatusOr<CgroupManager> manager = CgroupManager::Create(id_);
  ASSERT_THAT(manager, IsOk());
  ASSERT_THAT(manager->Set({}), IsOk());
  const Pipe input = *MakePipe();
  absl::StatusOr<Child> child = Start(Waiting(input));
  ASSERT_THAT(child, IsOk());
  ASSERT_THAT(manager->Apply(child->pid()), IsOk());
  EXPECT_EQ(CountMemberships(child->pid(), id_), CountTrees())
      << CgroupsOf(child->pid());
  EXPECT_THAT(manager->Destroy(), IsOk());
  EXPECT_EQ(child->Wait().value_or(-1), 128 + SIGKILL);
  for (const Hierarchy& hierarchy : Hierarchies()) {
    EXPECT_FALSE(HasCgroup(hierarchy, id_)) << hierarchy.mount_point;
  }
}

// Treated like a missing controller: only a limit on it is refused.
TEST_F(RealCgroupsTest, ReadOnlyHierarchiesAreMissedOnlyForALimit) {
  InFork([&] {
    ASSERT_EQ(unshare(CLONE_NEWNS), 0) << strerror(errno);
    ASSERT_THAT(SetPropagation(Propagation::kPrivate), IsOk());
    for (const Hierarchy& hierarchy : Hierarchies()) {
      ASSERT_EQ(mount(nullptr, hierarchy.mount_point.c_str(), nullptr,
                      MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
                0)
          << strerror(errno);
    }
    absl::StatusOr<CgroupManager> manager = CgroupManager::Create(id_);
    ASSERT_THAT(manager, IsOk());
    EXPECT_THAT(manager->Paths(), testing::IsEmpty());
    EXPECT_THAT(manager->Set({}), IsOk());
    EXPECT_EQ(manager->CountOomKills().value_or(99), 0);
    EXPECT_THAT(manager->Set(Memory()),
                AllOf(HasErrno(EROFS), Says("read-only")));
  });
}

// ------------------------------------------- what only v2 refuses

// The test's own tree in the machine's cgroup v2, so that it changes nobody
// else's cgroups.
class RealV2Test : public RealCgroupsTest {
 protected:
  void SetUp() override {
    RealCgroupsTest::SetUp();
    const std::vector<Mount> mounts = Mounts();
    const auto v2 = std::find_if(
        mounts.begin(), mounts.end(),
        [](const Mount& mount) { return mount.type == "cgroup2"; });
    if (!IsSkipped() && v2 == mounts.end()) {
      GTEST_SKIP() << "this machine has no cgroup v2 mount";
    }
    if (!IsSkipped()) {
      root_ = v2->mount_point;
      tree_ = root_ + "/mydocker-test-" + id_;
      ASSERT_TRUE(std::filesystem::create_directory(tree_));
    }
  }
  void TearDown() override {
    if (!tree_.empty()) {
      EXPECT_EQ(rmdir(tree_.c_str()), 0) << tree_ << ": " << strerror(errno);
    }
    if (!lent_.empty()) {
      EXPECT_THAT(WriteKernelFile(root_ + kFile, "-" + lent_), IsOk());
    }
  }

  Hierarchy hierarchy() const { return {CgroupVersion::kV2, tree_}; }

  // Gives the tree a controller that allows processes only in the leaves, as
  // most do: cpu, cpuset and pids do not insist on that (cgroups(7), "thread
  // mode"). Returns its name; empty if the machine has none on v2.
  std::string TakeController() {
    const auto has = [this](const char* file, const char* name) {
      const std::vector<std::string> names =
          absl::StrSplit(ReadKernelFile(root_ + file).value_or(""), ' ');
      return std::find(names.begin(), names.end(), name) != names.end();
    };
    for (const char* name : {"memory", "io", "hugetlb", "misc"}) {
      if (has(kFile, name)) {
        return name;
      }
      if (has("/cgroup.controllers", name) &&
          WriteKernelFile(root_ + kFile, absl::StrCat("+", name)).ok()) {
        return lent_ = name;
      }
    }
    return "";
  }

  static constexpr char kFile[] = "/cgroup.subtree_control";
  static constexpr char kNoController[] =
      "this machine's cgroup v2 has no controller that would refuse";

 private:
  std::string root_;
  std::string tree_;
  // The controller that the root of the tree did not hand down before.
  std::string lent_;
};

TEST_F(RealV2Test, RefusesProcessesBesideAThreadedCgroup) {
  absl::StatusOr<Cgroup> threaded = Cgroup::Create(hierarchy(), "threaded");
  absl::StatusOr<Cgroup> beside = Cgroup::Create(hierarchy(), "beside");
  ASSERT_THAT(threaded, IsOk());
  ASSERT_THAT(beside, IsOk());
  if (!WriteKernelFile(threaded->File("cgroup.type"), "threaded").ok()) {
    GTEST_SKIP() << "no threaded cgroup can be made here";
  }
  const Pipe input = *MakePipe();
  Command command = Waiting(input);
  const absl::StatusOr<Child> child = Start(command);
  ASSERT_THAT(child, IsOk());
  EXPECT_THAT(beside->Attach(child->pid()),
              AllOf(HasErrno(EOPNOTSUPP), Says("threaded")));
  beside->Admit(command);
  EXPECT_THAT(Start(command), AllOf(HasErrno(EOPNOTSUPP), Says("threaded")));
}

TEST_F(RealV2Test, RefusesToHandDownBesideProcesses) {
  const std::string controller = TakeController();
  if (controller.empty()) {
    GTEST_SKIP() << kNoController;
  }
  const absl::StatusOr<Cgroup> cgroup = Cgroup::Create(hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  const Pipe input = *MakePipe();
  const absl::StatusOr<Child> child = Start(Waiting(input));
  ASSERT_THAT(child, IsOk());
  ASSERT_THAT(WriteKernelFile(hierarchy().mount_point + "/cgroup.procs",
                              absl::StrCat(child->pid())),
              IsOk());
  EXPECT_THAT(cgroup->Enable(controller),
              AllOf(HasErrno(EBUSY), Says("has processes itself")));
}

TEST_F(RealV2Test, RefusesProcessesWhereControllersAreHandedDown) {
  const std::string controller = TakeController();
  if (controller.empty()) {
    GTEST_SKIP() << kNoController;
  }
  const absl::StatusOr<Cgroup> cgroup = Cgroup::Create(hierarchy(), "id");
  ASSERT_THAT(cgroup, IsOk());
  ASSERT_THAT(cgroup->Enable(controller), IsOk());
  ASSERT_THAT(WriteKernelFile(cgroup->path() + kFile, "+" + controller),
              IsOk());
  const Pipe input = *MakePipe();
  Command command = Waiting(input);
  const absl::StatusOr<Child> child = Start(command);
  ASSERT_THAT(child, IsOk());
  EXPECT_THAT(
      cgroup->Attach(child->pid()),
      AllOf(HasErrno(EBUSY), Says("hands controllers to its children")));
  cgroup->Admit(command);
  EXPECT_THAT(Start(command),
              AllOf(HasErrno(EBUSY), Says("it hands controllers to")));
}

// A controller that the root of the test's tree did not hand down before is
// taken back; one that it did hand down is not.
TEST_F(RealV2Test, TakesBackWhatItHasHandedDown) {
  const std::string controller = TakeController();
  if (controller.empty()) {
    GTEST_SKIP() << kNoController;
  }
  for (const bool before : {false, true}) {
    const std::string file = hierarchy().mount_point + kFile;
    if (before) {
      ASSERT_THAT(WriteKernelFile(file, "+" + controller), IsOk());
    }
    absl::StatusOr<Cgroup> first = Cgroup::Create(hierarchy(), "first");
    absl::StatusOr<Cgroup> second = Cgroup::Create(hierarchy(), "second");
    absl::StatusOr<Cgroup> third = Cgroup::Create(hierarchy(), "third");
    ASSERT_THAT(first->Enable(controller), IsOk());
    ASSERT_THAT(second->Enable(controller), IsOk());
    const std::string parents = first->parent_path() + kFile;
    EXPECT_THAT(first->Remove(), IsOk());
    EXPECT_EQ(ReadKernelFile(file).value_or("?"), controller);
    EXPECT_EQ(ReadKernelFile(parents).value_or("?"), controller);
    EXPECT_THAT(second->Remove(), IsOk());
    EXPECT_EQ(ReadKernelFile(file).value_or("?"), before ? controller : "");
    EXPECT_EQ(ReadKernelFile(parents).value_or("?"), "");
    EXPECT_THAT(third->Remove(), IsOk());
    EXPECT_EQ(ReadKernelFile(file).value_or("?"), before ? controller : "");
  }
}

// As systemd does at any time. If Enable() succeeds, the controller is there;
// otherwise the error names who may have taken it back.
TEST_F(RealV2Test, HandsDownWhileSomebodyTakesBack) {
  const std::string controller = TakeController();
  if (controller.empty()) {
    GTEST_SKIP() << kNoController;
  }
  const std::string file = hierarchy().mount_point + kFile;
  std::atomic<bool> over = false;
  std::thread somebody([&] {
    while (!over) {
      WriteKernelFile(file, "-" + controller).IgnoreError();
    }
  });
  for (int i = 0; i < 20; ++i) {
    absl::StatusOr<Cgroup> cgroup = Cgroup::Create(hierarchy(), "id");
    const absl::Status enabled = cgroup->Enable(controller);
    if (enabled.ok()) {
      EXPECT_EQ(ReadKernelFile(cgroup->File("cgroup.controllers")).value_or(""),
                controller);
    } else {
      EXPECT_THAT(enabled, AllOf(HasErrno(ENOENT), Says("systemd")));
    }
    EXPECT_THAT(cgroup->Remove(), IsOk());
  }
  over = true;
  somebody.join();
}

}  // namespace
}  // namespace mydocker
