// From chapter 1.
//
// File descriptors that close themselves.

#ifndef MYDOCKER_COMMON_BASE_FD_H_
#define MYDOCKER_COMMON_BASE_FD_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// #region unique-fd
// Owns a file descriptor and closes it at the end of its life.
class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership of `fd`; -1 stands for none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Close(); }

  // Returns the descriptor, -1 if there is none. It stays owned.
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  // Closes the descriptor, if there is one, before the end of life.
  void Close();

 private:
  int fd_ = -1;
};
// #endregion unique-fd

// The two ends of a pipe(2). Both are close-on-exec.
struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

// Makes a pipe. Errors: those of pipe2(2), e.g. EMFILE.
absl::StatusOr<Pipe> MakePipe();

// Opens /dev/null for each standard stream (descriptors 0, 1, 2) that the
// caller left closed. Otherwise the next file opened would become standard
// output, and the container's output would land in it.
absl::Status OpenMissingStandardStreams();

// Makes /dev/null the standard input, so that reads return end of file.
// Errors: those of open(2) and dup2(2).
absl::Status EmptyStandardInput();

// Opens a directory for reading and for flock(2). Does not follow `path` if it
// is a symbolic link. On failure, returns an invalid descriptor and sets errno.
UniqueFd OpenDirectory(const std::string& path);

// Returns whether `path` still names the open file `fd`: somebody may have
// removed or replaced it. If `path` is a link, it is not followed.
bool IsAt(const UniqueFd& fd, const std::string& path);

// Reads from `fd` until its end, and returns all of it. A pipe ends when no
// process has it open for writing any more. Errors: those of read(2).
absl::StatusOr<std::string> ReadAll(int fd);

// Writes the whole of `text` to `fd`, in one write(2) if the kernel accepts it
// all, so that the lines of several processes do not mix.
// Errors: those of write(2), e.g. ENOSPC; EPIPE where SIGPIPE is blocked.
absl::Status WriteAll(int fd, absl::string_view text);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_FD_H_
