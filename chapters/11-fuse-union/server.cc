#include "chapters/11-fuse-union/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <system_error>

#include "chapters/11-fuse-union/operations.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// The number of threads that may wait for a disk before questions have to.
constexpr size_t kMostThreads = 32;
constexpr useconds_t kPause = 1000;

thread_local Server* leads = nullptr;

sigset_t SignalsThatEnd() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) {
    sigaddset(&signals, signal);
  }
  return signals;
}

bool HasMore(fuse_session& session) {
  pollfd device = {fuse_session_fd(&session), POLLIN, 0};
  return poll(&device, 1, 0) > 0;
}

}  // namespace

// #region lead
void Server::BecomeLeader() {
  std::unique_lock lock(mutex_);
  ++followers_;
  lead_is_free_.wait(lock, [this] {
    return !has_leader_ || fuse_session_exited(&session_) != 0;
  });
  --followers_;
  has_leader_ = true;
  leads = this;
}

void Server::PassLeadOn() {
  const std::lock_guard lock(mutex_);
  leads = nullptr;
  has_leader_ = false;
  if (followers_ == 0 && threads_.size() < kMostThreads) {
    AddThread();  // Without one, questions wait until a thread is free.
  }
  lead_is_free_.notify_one();
}

void Server::MayTakeLong() {
  if (leads != nullptr) {
    leads->PassLeadOn();
  }
}
// #endregion lead

// #region serve
void Server::Serve() {
  fuse_buf question = {};
  while (fuse_session_exited(&session_) == 0) {
    if (leads == nullptr) {
      BecomeLeader();
      continue;
    }
    const int size = fuse_session_receive_buf(&session_, &question);
    if (size == -EINTR) {
      continue;
    }
    if (size <= 0) {
      fuse_session_exit(&session_);  // The file system is unmounted.
      break;
    }
    if (HasMore(session_)) {
      MayTakeLong();
    }
    fuse_session_process_buf(&session_, &question);
  }
  free(question.mem);
  MayTakeLong();  // The next leader sees the end, too.
  eventfd_write(ended_.get(), 1);
  --running_;
}
// #endregion serve

// The caller holds the mutex. Returns false if no thread can be made
// (pthread_create(3): EAGAIN).
bool Server::AddThread() {
  ++running_;
  try {
    threads_.emplace_back([this] { Serve(); });
  } catch (const std::system_error&) {
    --running_;
    return false;
  }
  return true;
}

absl::Status Server::WaitForEnd() {
  const sigset_t signals = SignalsThatEnd();
  const UniqueFd signal(signalfd(-1, &signals, SFD_CLOEXEC));
  if (!signal.valid()) {
    return ErrnoError(errno, "wait for signals");
  }
  pollfd events[] = {{signal.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
  while (poll(events, 2, -1) < 0 && errno == EINTR) {
  }
  return absl::OkStatus();
}

// Wakes threads that wait for the kernel by a signal with no other effect. It
// may arrive just before the wait, so it is sent repeatedly.
void Server::EndThreads() {
  fuse_session_exit(&session_);
  while (running_ > 0) {
    {
      const std::lock_guard lock(mutex_);
      lead_is_free_.notify_all();
      for (std::thread& thread : threads_) {
        pthread_kill(thread.native_handle(), SIGUSR1);
      }
    }
    usleep(kPause);
  }
  for (std::thread& thread : threads_) {
    thread.join();
  }
}

absl::Status Server::Run() {
  // These go to WaitForEnd, not to the threads.
  const sigset_t signals = SignalsThatEnd();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  struct sigaction nothing = {};
  nothing.sa_handler = [](int) {};
  sigaction(SIGUSR1, &nothing, nullptr);
  nothing.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &nothing, nullptr);
  sigaction(SIGXFSZ, &nothing, nullptr);  // A write over the limit: EFBIG.
  ended_ = UniqueFd(eventfd(0, EFD_CLOEXEC));
  if (!ended_.valid()) {
    return ErrnoError(errno, "make an eventfd");
  }
  {
    const std::lock_guard lock(mutex_);
    if (!AddThread()) {
      return ErrnoError(EAGAIN, "start a thread");
    }
  }
  absl::Status waited = WaitForEnd();
  EndThreads();
  return waited;
}

}  // namespace mydocker
