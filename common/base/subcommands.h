// From chapter 8.
//
// A program with several commands: `mydocker run`, `mydocker init`.

#ifndef MYDOCKER_COMMON_BASE_SUBCOMMANDS_H_
#define MYDOCKER_COMMON_BASE_SUBCOMMANDS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

struct Subcommand {
  absl::string_view name;
  // One line for the help page. Empty: the program calls this command itself.
  absl::string_view summary;
  // Runs the command. `words` is what follows its name on the command line.
  absl::StatusOr<int> (*run)(const std::vector<std::string>& words);
};

// Calls the command of `table` that the first of `words` names, with the rest,
// and returns what it returns. -help instead of a name lists the commands of
// `name`.
// Errors: InvalidArgument for no name and for one that is not in the table. For
// a Docker command, the message names the alternative.
absl::StatusOr<int> CallSubcommand(absl::string_view name,
                                   const std::vector<std::string>& words,
                                   const std::vector<Subcommand>& table);

// The whole of main() for the program `name`: CallSubcommand with its
// arguments. Returns the program's exit status (RunProgram).
int RunSubcommand(absl::string_view name, int argc, char* argv[],
                  const std::vector<Subcommand>& table);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_BASE_SUBCOMMANDS_H_
