// Chapter 2: message queues of one's own.

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/command_contract.h"
#include "tests/support/proc.h"
#include "tests/support/workspace.h"

namespace blackbox {

const Chapter& ChapterUnderTest() {
  static const Chapter chapter = {"02-ipc-ns", {"uts", "ipc"}};
  return chapter;
}

namespace {

INSTANTIATE_TEST_SUITE_P(IpcNs, CommandContract, kRoot, CallerName);
INSTANTIATE_TEST_SUITE_P(IpcNs, ShellContract, kRoot, CallerName);

using testing::HasSubstr;

key_t RandomKey() {
  // Positive, and not IPC_PRIVATE, which is 0.
  return static_cast<key_t>(std::random_device()() >> 1 | 1);
}

// As ipcs shows it.
std::string InHexadecimal(key_t key) {
  return absl::StrCat("0x", absl::Hex(key, absl::kZeroPad8));
}

// Looks for things by their keys, in words so that AskInside can tell them.
std::string LookFor(key_t key) {
  return absl::StrCat(
      "queue: ", msgget(key, 0) >= 0 ? "yes" : strerror(errno),
      ", semaphores: ", semget(key, 0, 0) >= 0 ? "yes" : strerror(errno),
      ", memory: ", shmget(key, 0, 0) >= 0 ? "yes" : strerror(errno));
}

constexpr char kAllThere[] = "queue: yes, semaphores: yes, memory: yes";
constexpr char kNoneThere[] =
    "queue: No such file or directory, "
    "semaphores: No such file or directory, "
    "memory: No such file or directory";

class IpcNsTest : public ContainerTest {
 protected:
  // A shell in a container, that waits for its end of input.
  static constexpr char kWaitingShell[] = "echo ready; read end";
};

// One of each kind, in the IPC namespace of the test, for as long as it lives.
class SystemVObjects {
 public:
  explicit SystemVObjects(key_t key)
      : queue_(msgget(key, IPC_CREAT | IPC_EXCL | 0600)),
        semaphores_(semget(key, 1, IPC_CREAT | IPC_EXCL | 0600)),
        memory_(shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600)) {}
  SystemVObjects(const SystemVObjects&) = delete;
  SystemVObjects& operator=(const SystemVObjects&) = delete;
  ~SystemVObjects() {
    msgctl(queue_, IPC_RMID, nullptr);
    semctl(semaphores_, 0, IPC_RMID);
    shmctl(memory_, IPC_RMID, nullptr);
  }

 private:
  const int queue_;
  const int semaphores_;
  const int memory_;
};

TEST_F(IpcNsTest, WhatIsMadeOutsideIsNotSeenInside) {
  const key_t key = RandomKey();
  const SystemVObjects before(key);
  ASSERT_EQ(LookFor(key), kAllThere);
  Process program({.args = {"sh", "-c", kWaitingShell}});
  ASSERT_EQ(program.ReadLine(), "ready");
  const key_t later = RandomKey();
  const SystemVObjects after(later);
  const pid_t contained = FindContained(program.pid());
  EXPECT_EQ(AskInside(contained, {"ipc"}, [&] { return LookFor(key); }),
            kNoneThere);
  EXPECT_EQ(AskInside(contained, {"ipc"}, [&] { return LookFor(later); }),
            kNoneThere);
}

TEST_F(IpcNsTest, WhatIsMadeInsideIsNotSeenOutside) {
  const key_t key = RandomKey();
  Process program({.args = {"sh", "-c", kWaitingShell}});
  ASSERT_EQ(program.ReadLine(), "ready");
  const pid_t contained = FindContained(program.pid());
  EXPECT_EQ(AskInside(contained, {"ipc"},
                      [&] {
                        msgget(key, IPC_CREAT | IPC_EXCL | 0600);
                        semget(key, 1, IPC_CREAT | IPC_EXCL | 0600);
                        shmget(key, 4096, IPC_CREAT | IPC_EXCL | 0600);
                        return LookFor(key);
                      }),
            kAllThere);
  EXPECT_EQ(LookFor(key), kNoneThere);
}

// What the reader sees, with the reader's tools: the article's experiment.
TEST_F(IpcNsTest, IpcsShowsOnlyTheQueuesOfItsOwn) {
  SKIP_IF(WhyNoTool("ipcs"));
  SKIP_IF(WhyNoTool("ipcmk"));
  const key_t key = RandomKey();
  const SystemVObjects outside(key);
  ASSERT_THAT(RunOnHost("ipcs -q").out, HasSubstr(InHexadecimal(key)));
  const Result inside =
      Execute({.args = {"sh", "-c", "ipcs -q; ipcmk -Q > /dev/null; ipcs -q"}});
  EXPECT_THAT(inside, ExitsWith(0));
  EXPECT_THAT(inside.out, Not(HasSubstr(InHexadecimal(key))));
  // The second list has the queue that ipcmk made, and that the test's own
  // host, which is watched, does not get.
  EXPECT_THAT(inside.out, HasSubstr("0x"));
}

// Whether there is a POSIX message queue of this name, in words.
std::string LookFor(const std::string& name) {
  const mqd_t queue = mq_open(name.c_str(), O_RDONLY);
  const int error = errno;
  if (queue >= 0) {
    mq_close(queue);
  }
  return queue >= 0 ? "there" : strerror(error);
}

bool MakePosixQueue(const std::string& name) {
  const mqd_t queue =
      mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600, nullptr);
  return queue >= 0 && mq_close(queue) == 0;
}

TEST_F(IpcNsTest, PosixQueuesStayOnTheirSide) {
  SKIP_IF(WhyNoKernelFeature("POSIX message queues", "/proc/sys/fs/mqueue"));
  const std::string outside = "/" + RandomName();
  const std::string inside = "/" + RandomName();
  ASSERT_TRUE(MakePosixQueue(outside)) << strerror(errno);
  Process program({.args = {"sh", "-c", kWaitingShell}});
  ASSERT_EQ(program.ReadLine(), "ready");
  const pid_t contained = FindContained(program.pid());
  EXPECT_EQ(LookFor(outside), "there");
  EXPECT_EQ(AskInside(contained, {"ipc"}, [&] { return LookFor(outside); }),
            strerror(ENOENT));
  EXPECT_EQ(AskInside(contained, {"ipc"},
                      [&] {
                        MakePosixQueue(inside);
                        return LookFor(inside);
                      }),
            "there");
  EXPECT_EQ(LookFor(inside), strerror(ENOENT));
  EXPECT_EQ(mq_unlink(outside.c_str()), 0);
}

}  // namespace
}  // namespace blackbox
