#include "common/base/named_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

using Clock = std::chrono::steady_clock;

constexpr absl::string_view kLockSuffix = ".lock";
// For a holder that hangs. Many containers that start at the same time take
// turns, on a busy machine for seconds.
constexpr std::chrono::seconds kLockLimit(60);
constexpr useconds_t kShortestPause = 100;    // Microseconds.
constexpr useconds_t kLongestPause = 10'000;  // Microseconds.

absl::Status MakeRunDirectory() {
  if (mkdir(kRunDirectory, 0700) != 0 && errno != EEXIST) {
    return ErrnoError(errno, absl::StrCat("make ", kRunDirectory),
                      errno == EACCES ? "it belongs to root: use sudo" : "");
  }
  return absl::OkStatus();
}

// Locks the file `path`, and makes it if it does not exist. Tries until
// `deadline`.
absl::StatusOr<UniqueFd> LockFile(const std::string& path, NamedLock::Mode mode,
                                  Clock::time_point deadline) {
  const int operation = mode == NamedLock::Mode::kShared ? LOCK_SH : LOCK_EX;
  useconds_t pause = kShortestPause;
  while (true) {
    RETURN_IF_ERROR(MakeRunDirectory());
    UniqueFd file(
        open(path.c_str(), O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid()) {
      if (errno == ENOENT) {
        continue;  // The last holder of a lock has just removed the directory.
      }
      return ErrnoError(errno, absl::StrCat("open ", path),
                        errno == EACCES ? "it belongs to root: use sudo" : "");
    }
    // Not one blocking call: only a signal could end it, and signals are
    // blocked while there is something to clean up (Supervisor).
    if (flock(file.get(), operation | LOCK_NB) == 0) {
      if (IsAt(file, path)) {
        return file;
      }
      continue;
    }
    const int error = errno;
    if (error != EWOULDBLOCK && error != EINTR) {
      return ErrnoError(error, absl::StrCat("lock ", path));
    }
    if (Clock::now() >= deadline) {
      return ErrnoError(error, absl::StrCat("lock ", path),
                        "another process has that lock; sudo lslocks shows "
                        "which");
    }
    usleep(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

std::string LockPath(absl::string_view name) {
  return absl::StrCat(kRunDirectory, "/", name, kLockSuffix);
}

}  // namespace

absl::StatusOr<NamedLock> NamedLock::Acquire(absl::string_view name) {
  const std::string path = LockPath(name);
  ASSIGN_OR_RETURN(UniqueFd file,
                   LockFile(path, Mode::kExclusive, Clock::now() + kLockLimit));
  return NamedLock(path, std::move(file));
}

absl::StatusOr<NamedLock> NamedLock::TryAcquire(absl::string_view name,
                                                Mode mode) {
  const std::string path = LockPath(name);
  ASSIGN_OR_RETURN(UniqueFd file, LockFile(path, mode, Clock::now()));
  return NamedLock(path, std::move(file));
}

void NamedLock::RemoveAbandoned(absl::string_view prefix) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(kRunDirectory, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string file = entry->path().filename();
    absl::string_view name = file;
    if (absl::StartsWith(name, prefix) &&
        absl::ConsumeSuffix(&name, kLockSuffix)) {
      // Its destructor removes the file.
      [[maybe_unused]] const absl::StatusOr<NamedLock> lock = TryAcquire(name);
    }
  }
}

NamedLock::~NamedLock() {
  // Only while we hold it alone, so that we remove nobody else's. If others
  // share it, the last of them removes it.
  if (file_.valid() && flock(file_.get(), LOCK_EX | LOCK_NB) == 0) {
    if (IsAt(file_, path_)) {
      unlink(path_.c_str());
    }
    file_.Close();
    rmdir(kRunDirectory);  // Fails if it is not empty.
  }
}

}  // namespace mydocker
