// The threads that answer the kernel: only as many as have something to do,
// because waking a thread costs as much as half an answer.
//
// One of them, the leader, waits for the next question and answers it itself.
// But if the next one is already waiting, or this one may take long, it first
// passes the lead to another thread. So one thread serves a program that asks
// one thing after another, many threads serve many programs, and nobody waits
// for somebody else's large file.

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

  // Answers until the file system is unmounted or SIGHUP, SIGINT or SIGTERM
  // arrives. Errors: those of signalfd(2), eventfd(2), pthread_create(3).
  absl::Status Run();

  // Called by a thread that answers, before it waits for a disk or a copy.
  static void MayTakeLong();

 private:
  bool AddThread();
  void Serve();
  void BecomeLeader();
  void PassLeadOn();
  absl::Status WaitForEnd();
  void EndThreads();

  fuse_session& session_;
  UniqueFd ended_;  // An eventfd: no more questions will come.

  std::mutex mutex_;
  std::condition_variable lead_is_free_;
  bool has_leader_ = false;
  size_t followers_ = 0;
  std::vector<std::thread> threads_;
  std::atomic<size_t> running_ = 0;
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_SERVER_H_
