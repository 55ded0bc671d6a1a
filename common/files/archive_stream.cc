#include "common/files/archive_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/process/signals.h"

namespace mydocker {
namespace {

constexpr size_t kBufferSize = size_t{1} << 16;

struct Compression {
  absl::string_view magic;  // The file's first bytes.
  const char* tool;
};

constexpr Compression kCompressions[] = {
    {"\x1f\x8b", "gzip"},
    {"BZh", "bzip2"},
    {"\xfd"
     "7zXZ",
     "xz"},
    {"\x28\xb5\x2f\xfd", "zstd"},
};

// Returns the tool for the file, nullptr if it is not compressed.
absl::StatusOr<const char*> ToolFor(const UniqueFd& file) {
  char begin[8] = {};
  const ssize_t size =
      TEMP_FAILURE_RETRY(pread(file.get(), begin, sizeof(begin), 0));
  if (size < 0) {
    return ErrnoError(errno, "read it");
  }
  const absl::string_view bytes(begin, size);
  for (const Compression& compression : kCompressions) {
    if (absl::StartsWith(bytes, compression.magic)) {
      return compression.tool;
    }
  }
  return static_cast<const char*>(nullptr);
}

}  // namespace

absl::StatusOr<ArchiveStream> ArchiveStream::Open(const std::string& path) {
  // O_NONBLOCK: do not wait for a writer if it has become a pipe.
  UniqueFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat attributes = {};
  if (!file.valid() || fstat(file.get(), &attributes) != 0) {
    return ErrnoError(errno, "open it");
  }
  if (!S_ISREG(attributes.st_mode)) {
    return absl::InvalidArgumentError("it is no ordinary file");
  }
  ASSIGN_OR_RETURN(const char* const tool, ToolFor(file));
  ArchiveStream stream(std::move(file));
  if (tool != nullptr) {
    absl::StatusOr<Tool> started =
        Tool::Start({tool, "-d", "-c"}, stream.file_);
    if (absl::IsNotFound(started.status())) {
      return WithHint(started.status(),
                      absl::StrCat("the archive is compressed with it: install "
                                   "it, or give the archive uncompressed"));
    }
    RETURN_IF_ERROR(started.status());
    stream.tool_.emplace(*std::move(started));
  }
  return stream;
}

absl::StatusOr<size_t> ArchiveStream::Read(char* buffer, size_t size) {
  if (next_ == buffer_.size()) {
    buffer_.resize(kBufferSize);
    next_ = 0;
    absl::StatusOr<size_t> more = ReadMore(buffer_.data(), buffer_.size());
    buffer_.resize(more.value_or(0));
    RETURN_IF_ERROR(more.status());
  }
  const size_t given = std::min(size, buffer_.size() - next_);
  memcpy(buffer, buffer_.data() + next_, given);
  next_ += given;
  return given;
}

absl::StatusOr<size_t> ArchiveStream::ReadMore(char* buffer, size_t size) {
  RETURN_IF_ERROR(CheckForInterruption());
  if (tool_.has_value()) {
    return tool_->Read(buffer, size);
  }
  const ssize_t got = TEMP_FAILURE_RETRY(read(file_.get(), buffer, size));
  return got >= 0 ? absl::StatusOr<size_t>(got) : ErrnoError(errno, "read it");
}

}  // namespace mydocker
