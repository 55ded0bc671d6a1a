// From chapter 10.
//
// A file that is there when it is complete, and not before.

#ifndef MYDOCKER_COMMON_BASE_NEW_FILE_H_
#define MYDOCKER_COMMON_BASE_NEW_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/fd.h"

namespace mydocker {

// Has no name at first (open(2), O_TMPFILE): whatever happens to its writer,
// SIGKILL too, leaves nothing of it. Where the file system cannot do that, it
// has one beside its later name, and only SIGKILL leaves it.
class NewFile {
 public:
  // Makes it for the path `path`, whose folder must be there.
  // Errors: those of open(2).
  static absl::StatusOr<NewFile> Create(const std::string& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  // It is open for reading and writing.
  const UniqueFd& file() const { return file_; }

  // Gives it its name. What has had that before is replaced, in one step.
  // Errors: those of link(2) and rename(2).
  absl::Status Appear();

 private:
  NewFile() = default;

  std::string path_;
  std::string provisional_;  // Its name until then; empty: none.
  UniqueFd file_;
};

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_NEW_FILE_H_
