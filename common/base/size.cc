#include "common/base/size.h"

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mydocker {
namespace {

constexpr absl::string_view kUnits = "bkmgt";
// The largest value of the kernel's counters, and more than any machine has.
constexpr uint64_t kMaxSize = std::numeric_limits<int64_t>::max();

}  // namespace

absl::StatusOr<uint64_t> ParseSize(absl::string_view text) {
  absl::string_view digits = text;
  int shift = 0;
  if (!digits.empty() && !absl::ascii_isdigit(digits.back())) {
    const size_t unit = kUnits.find(absl::ascii_tolower(digits.back()));
    if (unit != absl::string_view::npos) {
      shift = 10 * static_cast<int>(unit);
      digits.remove_suffix(1);
    }
  }
  // SimpleAtoi alone would also take spaces and a sign.
  if (digits.empty() ||
      digits.find_first_not_of("0123456789") != absl::string_view::npos) {
    return absl::InvalidArgumentError(
        "expected a whole number of bytes, or one with a unit: b, k, m, g or "
        "t, for example 100m");
  }
  uint64_t number = 0;
  if (!absl::SimpleAtoi(digits, &number) || number > (kMaxSize >> shift)) {
    return absl::InvalidArgumentError("that is more than 2^63 - 1 bytes");
  }
  if (number == 0) {
    return absl::InvalidArgumentError("a size must be more than 0");
  }
  return number << shift;
}

std::string DescribeSize(uint64_t bytes) {
  const bool small = bytes < 1 << 20;
  return absl::StrFormat("%u bytes (%.1f %s)", bytes,
                         static_cast<double>(bytes) / (1 << (small ? 10 : 20)),
                         small ? "KiB" : "MiB");
}

bool AbslParseFlag(absl::string_view text, Size* size, std::string* error) {
  const absl::StatusOr<uint64_t> bytes = ParseSize(text);
  if (!bytes.ok()) {
    *error = std::string(bytes.status().message());
    return false;
  }
  size->bytes = *bytes;
  return true;
}

std::string AbslUnparseFlag(Size size) { return absl::StrCat(size.bytes); }

}  // namespace mydocker
