// ParseUlimit, ParseEnvFile and SetVariable.

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "common/process/environment.h"
#include "common/process/resource_limits.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

void CheckUlimit(absl::string_view text) {
  const absl::StatusOr<ResourceLimit> limit = ParseUlimit(text);
  if (!limit.ok()) {
    PROPERTY(limit.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  PROPERTY(limit->soft <= limit->hard);
  PROPERTY(absl::StartsWith(limit->type, "RLIMIT_"));
  const absl::StatusOr<ResourceLimit> again = ParseUlimit(absl::StrCat(
      text.substr(0, text.find('=')), "=", limit->soft, ":", limit->hard));
  PROPERTY(again.ok() && again->type == limit->type &&
           again->soft == limit->soft && again->hard == limit->hard);
}

void CheckEnvFile(absl::string_view text) {
  const absl::StatusOr<std::vector<std::string>> words = ParseEnvFile(text);
  if (!words.ok()) {
    PROPERTY(absl::StrContains(words.status().message(), "line "));
    return;
  }
  Environment environment;
  std::set<std::string> names;
  for (const std::string& word : *words) {
    PROPERTY(CheckVariable(word).ok());
    PROPERTY(!absl::StrContains(word, '\0') && !absl::StrContains(word, '\n'));
    const size_t equals = word.find('=');
    SetVariable(environment, word);
    if (equals != std::string::npos) {
      names.insert(word.substr(0, equals));
      PROPERTY(HasVariable(environment, word.substr(0, equals)));
      PROPERTY(std::find(environment.begin(), environment.end(), word) !=
               environment.end());
    }
  }
  PROPERTY(environment.size() >= names.size());
  // The words, one a line, are such a file; the first line is empty, so that
  // none of them begins with the byte order mark.
  const absl::StatusOr<std::vector<std::string>> again =
      ParseEnvFile("\n" + absl::StrJoin(*words, "\n"));
  PROPERTY(again.ok());
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  mydocker::CheckUlimit(text);
  mydocker::CheckEnvFile(text);
  return 0;
}
