#include "common/base/subcommands.h"

#include <unistd.h>

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/program.h"

namespace mydocker {
namespace {

// Docker's commands, and the alternatives here.
constexpr std::pair<absl::string_view, absl::string_view> kInsteadOf[] = {
    {"ps",
     "a container lives as long as its `run`; ls "
     "/sys/fs/cgroup/memory/mydocker "
     "or, on cgroup v2, /sys/fs/cgroup/mydocker shows their ids"},
    {"exec", "sudo nsenter -a -t PID enters a container"},
    {"stop", "end its `run` by Ctrl-C or sudo kill PID"},
    {"kill", "end its `run` by Ctrl-C or sudo kill PID"},
    {"rm", "a container leaves nothing behind"},
    {"images", "a root file system is a directory: make rootfs-busybox"},
    {"pull", "a root file system is a directory: make rootfs-busybox"},
    {"build", "a root file system is a directory: make rootfs-busybox"},
};

std::string HelpOf(absl::string_view name,
                   const std::vector<Subcommand>& table) {
  std::string page = absl::StrCat("Usage: ", name, " COMMAND\n");
  for (const Subcommand& command : table) {
    if (!command.summary.empty()) {
      absl::StrAppendFormat(&page, "  %-8s %s\n", command.name,
                            command.summary);
    }
  }
  absl::StrAppend(&page, name, " COMMAND -help tells more.\n");
  return page;
}

std::string NamesIn(const std::vector<Subcommand>& table) {
  std::vector<absl::string_view> names;
  for (const Subcommand& command : table) {
    if (!command.summary.empty()) {
      names.push_back(command.name);
    }
  }
  return absl::StrJoin(names, " or ");
}

absl::Status NoSuchCommand(absl::string_view name, absl::string_view word) {
  const auto* instead = absl::c_find_if(
      kInsteadOf, [word](const auto& entry) { return entry.first == word; });
  return absl::InvalidArgumentError(
      absl::StrCat("there is no command \"", word, "\"; ",
                   instead == std::end(kInsteadOf)
                       ? absl::StrCat(name, " -help lists the commands")
                       : std::string(instead->second)));
}

}  // namespace

absl::StatusOr<int> CallSubcommand(absl::string_view name,
                                   const std::vector<std::string>& words,
                                   const std::vector<Subcommand>& table) {
  if (AsksForHelp(words)) {
    RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, HelpOf(name, table)));
    return 0;
  }
  if (words.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a command is missing: ", NamesIn(table), "; ", name,
                     " -help tells of them"));
  }
  const auto command = absl::c_find_if(
      table, [&words](const Subcommand& c) { return c.name == words[0]; });
  if (command == table.end()) {
    return NoSuchCommand(name, words[0]);
  }
  return command->run({words.begin() + 1, words.end()});
}

int RunSubcommand(absl::string_view name, int argc, char* argv[],
                  const std::vector<Subcommand>& table) {
  return RunProgram(name, [&] {
    return CallSubcommand(name, {argv + std::min(argc, 1), argv + argc}, table);
  });
}

}  // namespace mydocker
