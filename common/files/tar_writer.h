// From chapter 10.
//
// Writes a tar archive: the same members give the same bytes.

#ifndef MYDOCKER_COMMON_FILES_TAR_WRITER_H_
#define MYDOCKER_COMMON_FILES_TAR_WRITER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"
#include "common/files/tar_format.h"

namespace mydocker {

// Writes to the file `archive`, which must outlive this object. Errors call it
// `path`.
class TarWriter {
 public:
  TarWriter(const UniqueFd& archive, std::string path)
      : archive_(archive), path_(std::move(path)) {}

  // Begins a member. Exactly `member.size` bytes of content must follow.
  // Errors: those of write(2), here and below.
  absl::Status Add(const TarMember& member);
  absl::Status Write(absl::string_view content);

  // Writes the end of the archive, and flushes the buffer.
  absl::Status Finish();

 private:
  absl::Status Put(absl::string_view bytes);
  absl::Status FillUpBlock();
  absl::Status Flush();
  // Adds a separate file in the archive, with the records that do not fit into
  // a header.
  absl::Status AddRecords(absl::string_view records);

  const UniqueFd& archive_;
  const std::string path_;
  std::string buffer_;
  uint64_t written_ = 0;  // Bytes of the archive, with those in buffer_.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_TAR_WRITER_H_
