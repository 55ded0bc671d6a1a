#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chapters/00-proc/report.h"

namespace mydocker {
namespace {

bool IsContinuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// Returns how many bytes the UTF-8 character has that `text`, which is not
// empty, begins with; 0 if it does not begin with one (RFC 3629: no surrogates,
// nothing longer than it needs to be, nothing above U+10FFFF).
size_t LengthOfCharacter(absl::string_view text) {
  const auto byte = [text](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const size_t length = byte(0) < 0x80                      ? 1
                        : byte(0) >= 0xc2 && byte(0) < 0xe0 ? 2
                        : byte(0) >= 0xe0 && byte(0) < 0xf0 ? 3
                        : byte(0) >= 0xf0 && byte(0) < 0xf5 ? 4
                                                            : 0;
  if (length > text.size()) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(byte(i))) {
      return 0;
    }
  }
  if ((byte(0) == 0xe0 && byte(1) < 0xa0) ||
      (byte(0) == 0xed && byte(1) >= 0xa0) ||
      (byte(0) == 0xf0 && byte(1) < 0x90) ||
      (byte(0) == 0xf4 && byte(1) >= 0x90)) {
    return 0;
  }
  return length;
}

// Returns `text` as a JSON string, quotes included.
std::string Quote(absl::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const size_t length = LengthOfCharacter(text);
    const absl::string_view character = text.substr(0, length);
    if (length == 0) {
      absl::StrAppend(&quoted, "\\ufffd");
    } else if (character == "\"" || character == "\\") {
      absl::StrAppend(&quoted, "\\", character);
    } else if (static_cast<unsigned char>(text[0]) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", text[0]);
    } else {
      absl::StrAppend(&quoted, character);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return absl::StrCat(quoted, "\"");
}

std::string RowToJson(const Row& row) {
  return absl::StrCat("{\"name\": ", Quote(row.name),
                      ", \"verdict\": ", Quote(VerdictName(row.verdict)),
                      ", \"detail\": ", Quote(row.detail),
                      ", \"cure\": ", Quote(row.cure), "}");
}

}  // namespace

std::string ToJson(const Report& report) {
  std::string json = "{";
  absl::string_view before_section = "\n";
  for (const Section& section : report) {
    absl::StrAppend(&json, before_section, "  ", Quote(section.id), ": [");
    before_section = ",\n";
    absl::string_view before_row = "\n";
    for (const Row& row : section.rows) {
      absl::StrAppend(&json, before_row, "    ", RowToJson(row));
      before_row = ",\n";
    }
    absl::StrAppend(&json, "\n  ]");
  }
  return absl::StrCat(json, "\n}\n");
}

}  // namespace mydocker
