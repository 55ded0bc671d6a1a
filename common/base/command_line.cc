#include "common/base/command_line.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/flags/commandlineflag.h"
#include "absl/flags/reflection.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "common/base/fd.h"

namespace mydocker {
namespace {

// Debian builds Abseil with deadlock detection, a graph of all mutexes that
// takes 50 KiB and a hundredth of a container's time. We have one thread, so it
// can find nothing. Must be set before flags register, which locks a mutex.
[[gnu::constructor(101)]] void DoWithoutSearchForDeadlocks() {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

// A parsed word that looks like a flag: -name or -name=value.
struct FlagWord {
  std::string name;
  std::optional<std::string> value;
};

// Returns nothing if `word` is not a flag. A single dash is not: programs use
// it as the name of standard input.
std::optional<FlagWord> ReadFlagWord(absl::string_view word) {
  if (!absl::ConsumePrefix(&word, "-")) {
    return std::nullopt;
  }
  absl::ConsumePrefix(&word, "-");
  if (word.empty()) {
    return std::nullopt;
  }
  const size_t equals = word.find('=');
  if (equals == absl::string_view::npos) {
    return FlagWord{std::string(word), std::nullopt};
  }
  return FlagWord{std::string(word.substr(0, equals)),
                  std::string(word.substr(equals + 1))};
}

bool Takes(const FlagSet& flags, absl::string_view name) {
  return flags.names.empty() || absl::c_linear_search(flags.names, name);
}

absl::CommandLineFlag* FindFlag(absl::string_view name, const FlagSet& flags) {
  for (const FlagAlias& alias : flags.aliases) {
    if (alias.alias == name) {
      name = alias.flag;
    }
  }
  const std::string cpp_name = absl::StrReplaceAll(name, {{"-", "_"}});
  return Takes(flags, cpp_name) ? absl::FindCommandLineFlag(cpp_name) : nullptr;
}

// Flags of `docker run` that people type here too, and the alternatives.
constexpr std::pair<absl::string_view, absl::string_view> kInsteadOf[] = {
    {"memory", "-m limits the memory"},
    {"cpu-shares", "-cpushare has the same meaning"},
    {"cpuset-cpus", "-cpuset has the same meaning"},
    {"rm", "a container leaves nothing behind, with no flag"},
    {"v", "-verbose tells each step; there are no volumes yet"},
    {"d",
     "a container runs in the foreground; the shell's & puts `run` behind"},
    {"name", "a container's name is its id, 12 hexadecimal digits"},
    {"p", "a container has a network of its own, without a way out"},
};

absl::Status UnknownFlag(absl::string_view name) {
  const auto* instead = absl::c_find_if(
      kInsteadOf, [name](const auto& entry) { return entry.first == name; });
  return absl::InvalidArgumentError(absl::StrCat("unknown flag '", name, "'; ",
                                                 instead == std::end(kInsteadOf)
                                                     ? "-help lists the flags"
                                                     : instead->second));
}

// The name of a flag as it is typed.
std::string Spelled(const absl::CommandLineFlag& flag) {
  return absl::StrReplaceAll(flag.Name(), {{"_", "-"}});
}

// Separates the values of a flag of type Strings: the one byte that no argument
// contains.
constexpr char kBetween = '\0';

absl::Status SetFlag(absl::CommandLineFlag& flag, absl::string_view value) {
  const std::string name = Spelled(flag);
  std::string error = absl::StrCat("flag '", name, "' needs a value");
  std::string text(value);
  if (const std::string before = flag.CurrentValue();
      flag.IsOfType<Strings>() && !before.empty()) {
    text = absl::StrCat(before, std::string(1, kBetween), value);
  }
  if (value.empty() || !flag.ParseFrom(text, &error)) {
    // Abseil's message has the C++ name.
    return absl::InvalidArgumentError(absl::StrReplaceAll(
        error,
        {{absl::StrCat("'", flag.Name(), "'"), absl::StrCat("'", name, "'")}}));
  }
  return absl::OkStatus();
}

}  // namespace

bool AbslParseFlag(absl::string_view text, Strings* strings,
                   std::string* /*error*/) {
  strings->values = absl::StrSplit(text, kBetween, absl::SkipEmpty());
  return true;
}

std::string AbslUnparseFlag(const Strings& strings) {
  return absl::StrJoin(strings.values, std::string(1, kBetween));
}

// #region parse-flags
absl::StatusOr<std::vector<std::string>> ParseFlags(
    const std::vector<std::string>& words, const FlagSet& flags) {
  auto word = words.begin();
  while (word != words.end() && *word != "--") {
    const std::optional<FlagWord> flag_word = ReadFlagWord(*word);
    if (!flag_word.has_value()) {
      return std::vector<std::string>(word, words.end());
    }
    absl::CommandLineFlag* flag = FindFlag(flag_word->name, flags);
    if (flag == nullptr) {
      return UnknownFlag(flag_word->name);
    }
    if (flag_word->value.has_value()) {
      RETURN_IF_ERROR(SetFlag(*flag, *flag_word->value));
    } else if (flag->IsOfType<bool>()) {
      RETURN_IF_ERROR(SetFlag(*flag, "true"));
    } else {
      const bool is_last = word + 1 == words.end();
      RETURN_IF_ERROR(SetFlag(*flag, is_last ? "" : *++word));
    }
    ++word;
  }
  if (word != words.end()) {
    ++word;  // The "--" itself.
  }
  return std::vector<std::string>(word, words.end());
}
// #endregion parse-flags

bool AsksForHelp(const std::vector<std::string>& words) {
  return !words.empty() &&
         (words[0] == "-h" || words[0] == "-help" || words[0] == "--help");
}

std::string HelpPage(absl::string_view usage, const FlagSet& flags) {
  std::map<std::string, std::string> lines;  // Sorted by name.
  for (const auto& [name, flag] : absl::GetAllFlags()) {
    if (!Takes(flags, name)) {
      continue;
    }
    std::string spellings = absl::StrCat("-", Spelled(*flag));
    for (const FlagAlias& alias : flags.aliases) {
      if (alias.flag == name) {
        absl::StrAppend(&spellings, ", -", alias.alias);
      }
    }
    lines[std::string(name)] =
        absl::StrCat("  ", spellings, "\n        ", flag->Help(), "\n");
  }
  std::string page = absl::StrCat("Usage: ", usage, "\n");
  for (const auto& [name, line] : lines) {
    absl::StrAppend(&page, line);
  }
  return page;
}

absl::StatusOr<std::vector<std::string>> ParseCommandLine(
    int argc, char* argv[], absl::string_view usage,
    const std::vector<std::string>& fallback, const FlagSet& flags) {
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (AsksForHelp(words)) {
    RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, HelpPage(usage, flags)));
    exit(EXIT_SUCCESS);
  }
  ASSIGN_OR_RETURN(std::vector<std::string> command, ParseFlags(words, flags));
  return command.empty() ? fallback : command;
}

}  // namespace mydocker
