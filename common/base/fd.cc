#include "common/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mydocker {
UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void UniqueFd::Close() {
  if (valid()) {
    // Errors are ignored: Linux has freed the descriptor anyway, and writers
    // that must not lose data check the write itself (close(2)).
    close(std::exchange(fd_, -1));
  }
}

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return ErrnoError(errno, "make a pipe");
  }
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

absl::Status OpenMissingStandardStreams() {
  // open(2) returns the lowest descriptor that is free, so the loop fills the
  // gaps from below and ends with the first descriptor above them.
  int fd = -1;
  do {
    fd = open("/dev/null", O_RDWR);
    if (fd < 0) {
      return ErrnoError(errno, "open /dev/null");
    }
  } while (fd <= STDERR_FILENO);
  close(fd);
  return absl::OkStatus();
}

absl::Status EmptyStandardInput() {
  const UniqueFd null(open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null.valid() || dup2(null.get(), STDIN_FILENO) < 0) {
    return ErrnoError(errno, "make /dev/null the standard input");
  }
  return absl::OkStatus();
}

UniqueFd OpenDirectory(const std::string& path) {
  return UniqueFd(
      open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

bool IsAt(const UniqueFd& fd, const std::string& path) {
  struct stat opened = {};
  struct stat named = {};
  return fstat(fd.get(), &opened) == 0 && lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

absl::StatusOr<std::string> ReadAll(int fd) {
  std::string content;
  std::array<char, 4096> buffer;
  ssize_t size = 0;
  while ((size = TEMP_FAILURE_RETRY(read(fd, buffer.data(), buffer.size()))) >
         0) {
    content.append(buffer.data(), size);
  }
  if (size < 0) {
    return ErrnoError(errno, absl::StrCat("read from descriptor ", fd));
  }
  return content;
}

absl::Status WriteAll(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t written =
        TEMP_FAILURE_RETRY(write(fd, text.data(), text.size()));
    if (written < 0) {
      return ErrnoError(errno, absl::StrCat("write to descriptor ", fd));
    }
    text.remove_prefix(written);
  }
  return absl::OkStatus();
}

}  // namespace mydocker
