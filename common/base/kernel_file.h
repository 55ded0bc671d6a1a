// From chapter 5.
//
// Files in /proc and /sys. They are kernel functions in disguise: each write is
// one call, which the kernel may refuse.

#ifndef MYDOCKER_COMMON_BASE_KERNEL_FILE_H_
#define MYDOCKER_COMMON_BASE_KERNEL_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Writes `value` to the existing file `path` with a single write(2), as these
// files require (user_namespaces(7), cgroups(7)), and returns the kernel's
// answer. Never creates a file: if the kernel's file is missing, an ordinary
// file of that name would accept the value and limit nothing.
absl::Status WriteKernelFile(const std::string& path, absl::string_view value);

// Returns what the file `path` holds, without the newline at its end.
absl::StatusOr<std::string> ReadKernelFile(const std::string& path);

// Returns the number behind `key` in `path`, a file of lines "KEY NUMBER" such
// as memory.events. NotFound if there is no such line.
absl::StatusOr<uint64_t> ReadKeyedNumber(const std::string& path,
                                         absl::string_view key);

// Returns the number in `path`, a file that holds only a number, such as
// memory.peak.
absl::StatusOr<uint64_t> ReadNumber(const std::string& path);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_KERNEL_FILE_H_
