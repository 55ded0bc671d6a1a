// From chapter 10.
//
// A file that appears only when it is complete.

#ifndef MYDOCKER_COMMON_BASE_NEW_FILE_H_
#define MYDOCKER_COMMON_BASE_NEW_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// Has no name at first (open(2), O_TMPFILE): if its writer dies, even by
// SIGKILL, nothing is left of it. If the file system does not support that, the
// file has a temporary name in the same directory, and only SIGKILL leaves it
// behind.
class NewFile {
 public:
  // Creates a file that will have the path `path`, whose directory must exist.
  // Errors: those of open(2).
  static absl::StatusOr<NewFile> Create(const std::string& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  // Open for reading and writing.
  const UniqueFd& file() const { return file_; }

  // Gives the file its name, atomically replacing any file that had it.
  // Errors: those of link(2) and rename(2).
  absl::Status Appear();

 private:
  NewFile() = default;

  std::string path_;
  std::string provisional_;  // Its temporary name; empty: none.
  UniqueFd file_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_NEW_FILE_H_
