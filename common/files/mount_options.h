// From chapter 12.
//
// Options of a mount as mount(8), Docker and the OCI write them.

#ifndef MYDOCKER_COMMON_FILES_MOUNT_OPTIONS_H_
#define MYDOCKER_COMMON_FILES_MOUNT_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/files/mount_tree.h"

namespace mydocker {

// Options, sorted by who has to know them.
struct MountOptions {
  MountAttributes attributes;  // "ro", "nosuid", "rslave", …: the kernel's.
  std::vector<std::string> data;  // "size=64m": the file system's.
};

// Sorts `options`; of those that exclude each other, the last one counts.
// Mounts are private unless an option says otherwise.
MountOptions SortOptions(const std::vector<std::string>& options);

// What an option decides: "ro" and "rw" return the same, as do "rslave" and
// "rprivate". Empty if it is the file system's.
absl::string_view QuestionOf(absl::string_view option);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_MOUNT_OPTIONS_H_
