// Chapter 2: message queues of one's own.

#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#include <functional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/grade/grade.h"
#include "tests/support/proc.h"
#include "tests/support/requirements.h"
#include "tests/support/workspace.h"

namespace blackbox {
namespace {

// A System V message queue on the check's own host.
class Queue {
 public:
  Queue()
      : key_(RandomNumber(1 << 20, 1 << 30)),
        id_(msgget(key_, IPC_CREAT | IPC_EXCL | 0600)) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  ~Queue() { msgctl(id_, IPC_RMID, nullptr); }

  // The key as ipcs shows it.
  std::string Key() const {
    return absl::StrCat("0x", absl::Hex(key_, absl::kZeroPad8));
  }

 private:
  const key_t key_;
  const int id_;
};

TEST_F(Grade, QueuesOutsideAreNotSeen) {
  SKIP_IF(WhyNoTool("ipcs"));
  const Queue queue;
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string list = shell.Ask("ipcs -q");
  shell.Expect(
      !absl::StrContains(list, queue.Key()) && absl::StrContains(list, "msqid"),
      absl::StrCat("a list without the queue ", queue.Key(),
                   ", which is on the host"),
      list);
}

// A kind of System V objects: the command that makes one, the command and the
// file that list them, and the function that removes one on the check's own
// host.
struct Kind {
  std::string make;
  std::string list;
  std::string file;
  std::function<void(int id)> remove;
};

void ExpectStaysInside(const Kind& kind) {
  SKIP_IF(WhyNoTool("ipcmk"));
  const std::string before = ReadFile(kind.file);
  Shell shell;
  if (!shell.IsThere()) {
    return;
  }
  const std::string made = shell.Ask(kind.make);
  const size_t id = made.find("id: ");
  if (!shell.Expect(id != std::string::npos, "… id: …", made)) {
    return;
  }
  const std::string look = "host$ " + kind.list;
  if (!shell.Expect(ReadFile(kind.file) == before,
                    look + "   (shows nothing new)",
                    look + "   (shows it as well)")) {
    kind.remove(std::stoi(made.substr(id + 4)));
  }
}

TEST_F(Grade, QueuesInsideStayInside) {
  ExpectStaysInside({"ipcmk -Q", "ipcs -q", "/proc/sysvipc/msg",
                     [](int id) { msgctl(id, IPC_RMID, nullptr); }});
}

TEST_F(Grade, SemaphoresAndSharedMemoryStayInside) {
  ExpectStaysInside({"ipcmk -S 1", "ipcs -s", "/proc/sysvipc/sem",
                     [](int id) { semctl(id, 0, IPC_RMID); }});
  ExpectStaysInside({"ipcmk -M 4096", "ipcs -m", "/proc/sysvipc/shm",
                     [](int id) { shmctl(id, IPC_RMID, nullptr); }});
}

TEST_F(Grade, PosixQueuesAreItsOwn) {
  SKIP_IF(WhyNoKernelFeature("POSIX message queues", "/proc/sys/fs/mqueue"));
  const std::string name = "/" + RandomName();
  const mqd_t queue =
      mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600, nullptr);
  ASSERT_GE(queue, 0) << strerror(errno);
  mq_close(queue);
  const Shell shell;
  if (shell.IsThere()) {
    const std::string found = AskInside(shell.pid(), {"ipc"}, [&] {
      return std::string(mq_open(name.c_str(), O_RDONLY) >= 0
                             ? "it is there"
                             : strerror(errno));
    });
    shell.Expect(found == strerror(ENOENT),
                 absl::StrCat("mq_open(\"", name,
                              "\"), a queue of the host: ", strerror(ENOENT)),
                 absl::StrCat("mq_open(\"", name, "\"): ", found));
  }
  mq_unlink(name.c_str());
}

// Exercises: -msgmax and -ipc.

TEST_F(Grade, LargestMessage) {
  const std::string file = "/proc/sys/kernel/msgmax";
  const std::string before = ReadFile(file);
  const std::string size = absl::StrCat(RandomNumber(10'000, 60'000));
  const Answer answer = Try({"cat", file}, {"-msgmax", size});
  if (answer.ExpectOutput(size + "\n") && ReadFile(file) != before) {
    Complain(answer.ran, absl::StrCat("host$ cat ", file, "\n", before),
             absl::StrCat("host$ cat ", file, "\n", ReadFile(file)));
  }
}

TEST_F(Grade, IpcJoined) {
  SKIP_IF(WhyNoTool("ipcmk"));
  Shell one;
  if (!one.IsThere()) {
    return;
  }
  one.Ask("ipcmk -Q");
  const std::string list = one.Ask("ipcs -q");
  Shell other({"-ipc", absl::StrCat(one.pid())});
  if (!other.IsThere() || !other.Expect("ipcs -q", list)) {
    return;
  }
  const std::set<std::string> own =
      NamespacesThatDiffer(one.pid(), other.pid());
  other.Expect(own == std::set<std::string>{"uts"},
               "namespaces other than the first container's: uts",
               "namespaces other than the first container's: " + Join(own));
}

}  // namespace
}  // namespace blackbox
