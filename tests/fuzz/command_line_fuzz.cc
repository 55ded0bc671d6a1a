// ParseFlags with the flags of `mydocker run`: the command after them stays as
// it is, and the flags' values, written as flags, set the same values again. An
// input has one word a line.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/flags/commandlineflag.h"
#include "absl/flags/declare.h"
#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/base/command_line.h"
#include "common/base/size.h"
#include "common/cgroup/cpu_list.h"
#include "common/container/layer_flags.h"
#include "common/container/request.h"
#include "common/container/rootfs_flags.h"
#include "tests/fuzz/property.h"

ABSL_DECLARE_FLAG(mydocker::Size, m);
ABSL_DECLARE_FLAG(mydocker::CpuList, cpuset);
ABSL_DECLARE_FLAG(mydocker::Strings, layer);

namespace mydocker {
namespace {

FlagSet FlagsOfRun() {
  FlagSet all;
  for (const RequestFlags* group :
       {&kBasicFlags, &kRootfsFlags, &kLayerFlags}) {
    const FlagSet& flags = group->flags;
    all.names.insert(all.names.end(), flags.names.begin(), flags.names.end());
    all.aliases.insert(all.aliases.end(), flags.aliases.begin(),
                       flags.aliases.end());
  }
  return all;
}

// Not a global: those of other files may not be initialized before it.
const FlagSet& Flags() {
  static const FlagSet flags = FlagsOfRun();
  return flags;
}

std::map<std::string, std::string> FlagValues() {
  std::map<std::string, std::string> values;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    values[std::string(name)] = flag->CurrentValue();
  }
  return values;
}

// The flags that differ from their defaults, as words.
std::vector<std::string> FlagsAsWords() {
  std::vector<std::string> words;
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    const std::string value = flag->CurrentValue();
    if (value == flag->DefaultValue()) {
      continue;
    }
    for (const absl::string_view part : absl::StrSplit(value, '\0')) {
      words.push_back(absl::StrCat("-", absl::StrReplaceAll(name, {{"_", "-"}}),
                                   "=", part));
    }
  }
  return words;
}

bool IsEndOf(const std::vector<std::string>& rest,
             const std::vector<std::string>& words) {
  return rest.size() <= words.size() &&
         std::equal(rest.rbegin(), rest.rend(), words.rbegin());
}

// The outcome of a command line: the command, or an error; and the flags.
struct Outcome {
  absl::StatusOr<std::vector<std::string>> command;
  std::map<std::string, std::string> values;
  std::vector<std::string> flags_as_words;
};

Outcome Parse(const std::vector<std::string>& words) {
  // Restores the flags at the end.
  const absl::FlagSaver flags;
  Outcome outcome;
  outcome.command = ParseFlags(words, Flags());
  outcome.values = FlagValues();
  outcome.flags_as_words = FlagsAsWords();
  PROPERTY(absl::GetFlag(FLAGS_m).bytes < uint64_t{1} << 63);
  PROPERTY(ParseCpuList(absl::GetFlag(FLAGS_cpuset).text).ok());
  return outcome;
}

void Check(const std::vector<std::string>& words) {
  const Outcome outcome = Parse(words);
  if (!outcome.command.ok()) {
    PROPERTY(absl::IsInvalidArgument(outcome.command.status()));
    PROPERTY(!outcome.command.status().message().empty());
    return;
  }
  const std::vector<std::string>& command = *outcome.command;
  PROPERTY(IsEndOf(command, words));
  const size_t before = words.size() - command.size();
  // A word that looks like a flag belongs to the command only after "--".
  PROPERTY(command.empty() || command[0].empty() || command[0][0] != '-' ||
           command[0] == "-" || (before > 0 && words[before - 1] == "--"));

  std::vector<std::string> again = outcome.flags_as_words;
  again.emplace_back("--");
  again.insert(again.end(), command.begin(), command.end());
  const Outcome same = Parse(again);
  PROPERTY(same.command.ok() && *same.command == command);
  PROPERTY(same.values == outcome.values);
}

// A flag that comes several times has all of its values, in their order.
void CheckRepeated(const std::vector<std::string>& words) {
  const absl::FlagSaver flags;
  std::vector<std::string> layers;
  std::vector<std::string> repeated;
  for (const std::string& word : words) {
    if (!word.empty()) {
      layers.push_back(word);
      repeated.push_back(absl::StrCat("-layer=", word));
    }
  }
  PROPERTY(ParseFlags(repeated, Flags()).ok());
  PROPERTY(absl::GetFlag(FLAGS_layer).values == layers);
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  // No argument has a null byte.
  const std::vector<std::string> words =
      absl::StrSplit(input, absl::ByAnyChar(absl::string_view("\n\0", 2)));
  mydocker::Check(words);
  mydocker::CheckRepeated(words);
  return 0;
}
