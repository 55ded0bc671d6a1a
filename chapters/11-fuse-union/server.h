// The threads that answer the kernel: as many as have something to do, and no
// more, for to wake a thread costs as much as half an answer.
//
// One of them, the leader, waits for the next question, and answers it itself.
// But when the next one is waiting already, or this one may take long, it
// first passes the lead on to another thread. So a program that asks one thing
// after the other is served by one thread, many programs by many, and nobody
// waits for somebody else's large file.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_SERVER_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_SERVER_H_

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/base/fd.h"

struct fuse_session;

namespace mydocker {

class Server {
 public:
  explicit Server(fuse_session& session) : session_(session) {}
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Answers until the file system is unmounted, or a signal (SIGHUP, SIGINT,
  // SIGTERM) asks for the end. Errors: those of signalfd(2), eventfd(2).
  absl::Status Run();

  // To be called by who answers and is about to wait: for a disk, for a copy.
  static void MayTakeLong();

 private:
  void AddThread();
  void Serve();
  void BecomeLeader();
  void PassLeadOn();
  absl::Status WaitForEnd();
  void EndThreads();

  fuse_session& session_;
  UniqueFd ended_;  // An eventfd: there is nothing more to come.

  std::mutex mutex_;
  std::condition_variable lead_is_free_;
  bool has_leader_ = false;
  size_t followers_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<size_t> running_ = 0;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_SERVER_H_
