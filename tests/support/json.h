// Reading JSON, strictly: what is not exactly of the form in RFC 8259 is
// refused, so that a program whose output is read here writes what every reader
// takes.

#ifndef MYDOCKER_TESTS_SUPPORT_JSON_H_
#define MYDOCKER_TESTS_SUPPORT_JSON_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace blackbox {

// A string, an array or an object. The programs here write nothing else, so
// numbers, true, false and null are refused.
struct Json {
  enum class Kind { kString, kArray, kObject };
  Kind kind = Kind::kString;
  // Of a string, in UTF-8.
  std::string text = {};
  // Of an array.
  std::vector<Json> items = {};
  // Of an object, whose names must differ.
  std::map<std::string, Json> members = {};
};

// Returns the value that `text` is, with white space around it; nothing if it
// is not well-formed, not UTF-8, or not of the kinds above.
std::optional<Json> ParseJson(const std::string& text);

}  // namespace blackbox

#endif  // MYDOCKER_TESTS_SUPPORT_JSON_H_
