// From chapter 7.
//
// Numbers of bytes as Docker writes them: 100m.

#ifndef MYDOCKER_COMMON_BASE_SIZE_H_
#define MYDOCKER_COMMON_BASE_SIZE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Returns the number of bytes that `text` stands for: a whole number with a
// unit b, k, m, g or t, in either case, or without one (bytes). A unit is a
// power of 1024.
// Errors: InvalidArgument if it is not of that form, is 0, or exceeds 2^63 - 1.
absl::StatusOr<uint64_t> ParseSize(absl::string_view text);

// Returns `bytes` for a person to read: "104857600 bytes (100.0 MiB)", or below
// 1 MiB "4096 bytes (4.0 KiB)".
std::string DescribeSize(uint64_t bytes);

// A number of bytes as the type of an Abseil flag. 0 stands for "not given",
// since no text parses to it.
struct Size {
  uint64_t bytes = 0;
};
bool AbslParseFlag(absl::string_view text, Size* size, std::string* error);
std::string AbslUnparseFlag(Size size);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_SIZE_H_
