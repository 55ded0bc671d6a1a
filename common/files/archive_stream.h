// From chapter 10.
//
// The bytes of an archive, decompressed if need be.

#ifndef MYDOCKER_COMMON_FILES_ARCHIVE_STREAM_H_
#define MYDOCKER_COMMON_FILES_ARCHIVE_STREAM_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/base/fd.h"
#include "common/process/tool.h"

namespace mydocker {

// Recognizes the compression by the first bytes, and decompresses with the
// host's tool: gzip, bzip2, xz or zstd.
class ArchiveStream {
 public:
  // Errors: the file cannot be opened, or is not a regular file
  // (InvalidArgument); those of Tool::Start.
  static absl::StatusOr<ArchiveStream> Open(const std::string& path);

  // Reads at most `size` bytes; 0 at the end. Errors: those of read(2); those
  // of Tool::Read, if the compressed data is damaged; Cancelled by a signal.
  absl::StatusOr<size_t> Read(char* buffer, size_t size);

 private:
  explicit ArchiveStream(UniqueFd file) : file_(std::move(file)) {}
  absl::StatusOr<size_t> ReadMore(char* buffer, size_t size);

  UniqueFd file_;
  std::optional<Tool> tool_;
  std::string buffer_;  // What was read and is not yet given out,
  size_t next_ = 0;     // from here on.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_ARCHIVE_STREAM_H_
