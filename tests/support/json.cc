#include "tests/support/json.h"

#include <locale.h>
#include <stdlib.h>
#include <wchar.h>

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace blackbox {
namespace {

void AppendUtf8(uint32_t code, std::string& text) {
  const auto continuation = [code](int shift) {
    return static_cast<char>(0x80 | ((code >> shift) & 0x3f));
  };
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += {static_cast<char>(0xc0 | (code >> 6)), continuation(0)};
  } else {
    text += {static_cast<char>(0xe0 | (code >> 12)), continuation(6),
             continuation(0)};
  }
}

// Reads from the front of a text; every function returns false, or nothing, at
// the first thing that is wrong.
class Reader {
 public:
  explicit Reader(const std::string& text) : text_(text) {}

  std::optional<Json> ReadDocument() {
    std::optional<Json> value = ReadValue();
    SkipSpace();
    return at_ == text_.size() ? value : std::nullopt;
  }

 private:
  void SkipSpace() {
    at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size());
  }

  // Whether the next thing is the character `c`, which is then read.
  bool Take(char c) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }

  std::optional<Json> ReadValue() {
    if (Take('[')) {
      return ReadArray();
    }
    if (Take('{')) {
      return ReadObject();
    }
    std::optional<std::string> text = ReadString();
    if (!text.has_value()) {
      return std::nullopt;
    }
    return Json{.kind = Json::Kind::kString, .text = *text};
  }

  std::optional<Json> ReadArray() {
    Json array = {.kind = Json::Kind::kArray};
    if (Take(']')) {
      return array;
    }
    do {
      std::optional<Json> item = ReadValue();
      if (!item.has_value()) {
        return std::nullopt;
      }
      array.items.push_back(*item);
    } while (Take(','));
    return Take(']') ? std::optional(array) : std::nullopt;
  }

  std::optional<Json> ReadObject() {
    Json object = {.kind = Json::Kind::kObject};
    if (Take('}')) {
      return object;
    }
    do {
      const std::optional<std::string> name = ReadString();
      if (!name.has_value() || !Take(':')) {
        return std::nullopt;
      }
      const std::optional<Json> value = ReadValue();
      if (!value.has_value() || !object.members.emplace(*name, *value).second) {
        return std::nullopt;
      }
    } while (Take(','));
    return Take('}') ? std::optional(object) : std::nullopt;
  }

  std::optional<std::string> ReadString() {
    if (!Take('"')) {
      return std::nullopt;
    }
    std::string text;
    while (at_ < text_.size() && text_[at_] != '"') {
      const char c = text_[at_++];
      if (static_cast<unsigned char>(c) < 0x20) {
        return std::nullopt;
      }
      if (c != '\\') {
        text += c;
      } else if (!ReadEscape(text)) {
        return std::nullopt;
      }
    }
    return Take('"') && IsUtf8(text) ? std::optional(text) : std::nullopt;
  }

  // What stands behind a backslash.
  bool ReadEscape(std::string& text) {
    const std::string names = "\"\\/bfnrt";
    const std::string values = "\"\\/\b\f\n\r\t";
    const char c = at_ < text_.size() ? text_[at_++] : '\0';
    if (c != 'u') {
      const size_t known = c == '\0' ? std::string::npos : names.find(c);
      if (known != std::string::npos) {
        text += values[known];
      }
      return known != std::string::npos;
    }
    const std::string digits = text_.substr(at_, 4);
    at_ += digits.size();
    for (const char digit : digits) {
      if (!isxdigit(static_cast<unsigned char>(digit))) {
        return false;
      }
    }
    const auto code =
        static_cast<uint32_t>(strtoul(digits.c_str(), nullptr, 16));
    AppendUtf8(code, text);
    // Surrogates are not written here: all else is written as it is.
    return digits.size() == 4 && (code < 0xd800 || code > 0xdfff);
  }

  // As the C library sees it, not the program under test.
  static bool IsUtf8(const std::string& text) {
    static const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    const locale_t before = uselocale(utf8);
    mbstate_t state = {};
    const char* rest = text.c_str();
    const bool valid =
        text.find('\0') != std::string::npos ||
        mbsrtowcs(nullptr, &rest, 0, &state) != static_cast<size_t>(-1);
    uselocale(before);
    return valid;
  }

  const std::string& text_;
  size_t at_ = 0;
};

}  // namespace

std::optional<Json> ParseJson(const std::string& text) {
  return Reader(text).ReadDocument();
}

}  // namespace blackbox
