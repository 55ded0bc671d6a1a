// From chapter 1.
//
// The command line as Docker reads it: our flags end at the first word that is
// not one, and what follows is the container's command, untouched. Abseil's own
// parser would take the flags of `ls -l` for ours.

#ifndef MYDOCKER_COMMON_BASE_COMMAND_LINE_H_
#define MYDOCKER_COMMON_BASE_COMMAND_LINE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// A second spelling of a flag: {"mem", "m"} lets -mem stand for -m.
struct FlagAlias {
  absl::string_view alias;
  absl::string_view flag;
};

// The flags that a command takes.
struct FlagSet {
  // As ABSL_FLAG has them. A program has one set of flags for all its commands;
  // a command does not accept another command's flags. Empty: all flags.
  std::vector<absl::string_view> names;
  std::vector<FlagAlias> aliases;
};

// Strings, one for each time that a flag of this type is given, in that order.
struct Strings {
  std::vector<std::string> values;
};
bool AbslParseFlag(absl::string_view text, Strings* strings,
                   std::string* error);
std::string AbslUnparseFlag(const Strings& strings);

// Sets the flags (ABSL_FLAG) that `words` begins with, and returns the rest:
// the words from the first that is not a flag, or those after "--".
//
// A flag is written -name=value or -name value, with one dash or two; a bool
// also -name alone. A dash in the name stands for the underscore of the C++
// name. If a flag comes twice, the last one counts; with the type Strings, all
// of them do.
//
// Errors: InvalidArgument for a flag that is not in `flags` (for a Docker flag,
// the message names the alternative), for a missing or empty value, and for a
// value that the flag's type rejects, with that type's explanation.
absl::StatusOr<std::vector<std::string>> ParseFlags(
    const std::vector<std::string>& words, const FlagSet& flags = {});

// Returns whether `words` begins with a request for help (-h, -help, --help).
bool AsksForHelp(const std::vector<std::string>& words);

// Returns a help page: `usage`, then a line for each of `flags`, with its
// explanation and its aliases.
std::string HelpPage(absl::string_view usage, const FlagSet& flags = {});

// Handles the whole command line of a program that takes only flags and a
// command: prints help on standard output and exits if asked to, parses
// `flags`, and returns the command, or `fallback` if none is given.
//
// Errors: those of ParseFlags.
absl::StatusOr<std::vector<std::string>> ParseCommandLine(
    int argc, char* argv[], absl::string_view usage,
    const std::vector<std::string>& fallback, const FlagSet& flags = {});

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_COMMAND_LINE_H_
