// From chapter 10.
//
// Writing a tar archive: the same members, the same bytes.

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

// Writes to the file `archive`, which must outlive it and is called `path` in
// errors.
class TarWriter {
 public:
  TarWriter(const UniqueFd& archive, std::string path)
      : archive_(archive), path_(std::move(path)) {}

  // Begins a member. As many bytes as its `size` says have to follow.
  // Errors: those of write(2), here and below.
  absl::Status Add(const TarMember& member);
  absl::Status Write(absl::string_view content);

  // Writes the end of the archive, and what is still in memory.
  absl::Status Finish();

 private:
  absl::Status Put(absl::string_view bytes);
  absl::Status FillUpBlock();
  absl::Status Flush();
  // A file of its own in the archive, with what does not fit into a header.
  absl::Status AddRecords(absl::string_view records);

  const UniqueFd& archive_;
  const std::string path_;
  std::string buffer_;
  uint64_t written_ = 0;  // Bytes of the archive, with those in buffer_.
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_TAR_WRITER_H_
