// ParseSize against a second implementation, which calculates in 128 bits.

#include <limits>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/size.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

constexpr unsigned __int128 kMost = std::numeric_limits<int64_t>::max();

std::optional<uint64_t> Expected(absl::string_view text) {
  unsigned __int128 number = 0;
  size_t i = 0;
  for (; i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i) {
    number = number * 10 + (text[i] - '0');
    if (number > kMost) {
      return std::nullopt;
    }
  }
  if (i == 0 || i + 1 < text.size()) {
    return std::nullopt;
  }
  if (i < text.size()) {
    switch (text[i]) {
      case 't':
      case 'T':
        number *= 1024;
        [[fallthrough]];
      case 'g':
      case 'G':
        number *= 1024;
        [[fallthrough]];
      case 'm':
      case 'M':
        number *= 1024;
        [[fallthrough]];
      case 'k':
      case 'K':
        number *= 1024;
        [[fallthrough]];
      case 'b':
      case 'B':
        break;
      default:
        return std::nullopt;
    }
  }
  if (number == 0 || number > kMost) {
    return std::nullopt;
  }
  return static_cast<uint64_t>(number);
}

void Check(absl::string_view text) {
  const absl::StatusOr<uint64_t> bytes = ParseSize(text);
  const std::optional<uint64_t> expected = Expected(text);
  PROPERTY(bytes.ok() == expected.has_value());
  Size size;
  std::string error;
  PROPERTY(AbslParseFlag(text, &size, &error) == bytes.ok());
  if (!bytes.ok()) {
    PROPERTY(!bytes.status().message().empty());
    PROPERTY(error == bytes.status().message());
    return;
  }
  PROPERTY(*bytes == *expected);
  PROPERTY(size.bytes == *bytes);
  PROPERTY(ParseSize(AbslUnparseFlag(size)) == bytes);
  PROPERTY(ParseSize(absl::AsciiStrToUpper(text)) == bytes);
  PROPERTY(
      absl::StartsWith(DescribeSize(*bytes), absl::StrCat(*bytes, " bytes (")));
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mydocker::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
