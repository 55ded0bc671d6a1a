#include "common/process/environment.h"

#include <stdlib.h>

#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

constexpr absl::string_view kByteOrderMark = "\xef\xbb\xbf";

absl::string_view NameOf(absl::string_view word) {
  return word.substr(0, word.find('='));
}

}  // namespace

absl::Status CheckVariable(absl::string_view word) {
  return NameOf(word).empty()
             ? absl::InvalidArgumentError(
                   absl::StrCat("\"", word,
                                "\" has no name: expected NAME=VALUE, or NAME "
                                "for the caller's value"))
             : absl::OkStatus();
}

// #region parse-env-file
absl::StatusOr<std::vector<std::string>> ParseEnvFile(absl::string_view text) {
  std::vector<std::string> words;
  absl::ConsumePrefix(&text, kByteOrderMark);
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    absl::ConsumeSuffix(&line, "\r");
    line = absl::StripLeadingAsciiWhitespace(line);
    if (line.empty() || line[0] == '#') {
      continue;
    }
    const std::string where = absl::StrCat("line ", number);
    RETURN_IF_ERROR(WithContext(where, CheckVariable(line)));
    if (absl::c_any_of(NameOf(line), absl::ascii_isspace)) {
      return absl::InvalidArgumentError(absl::StrCat(
          where, ": the name \"", NameOf(line), "\" has spaces in it"));
    }
    if (absl::StrContains(line, '\0')) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, ": it has a NUL byte"));
    }
    words.emplace_back(line);
  }
  return words;
}
// #endregion parse-env-file

void SetVariable(Environment& environment, absl::string_view word) {
  const std::string name(NameOf(word));
  std::string variable(word);
  if (name.size() == word.size()) {
    const char* value = getenv(name.c_str());
    if (value == nullptr) {
      return;
    }
    variable = absl::StrCat(name, "=", value);
  }
  const auto there = absl::c_find_if(
      environment, [&](const std::string& has) { return NameOf(has) == name; });
  if (there != environment.end()) {
    *there = std::move(variable);
  } else {
    environment.push_back(std::move(variable));
  }
}

bool HasVariable(const Environment& environment, absl::string_view name) {
  return absl::c_any_of(environment, [name](const std::string& variable) {
    return NameOf(variable) == name;
  });
}

void SetEnvironment(const Environment& environment) {
  clearenv();
  for (const std::string& variable : environment) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(variable, absl::MaxSplits('=', 1));
    setenv(std::string(parts.first).c_str(), std::string(parts.second).c_str(),
           1);
  }
}

}  // namespace mydocker
