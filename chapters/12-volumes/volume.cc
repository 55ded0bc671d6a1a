#include "chapters/12-volumes/volume.h"

#include <unistd.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/command_line.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/subcommands.h"
#include "common/files/volumes.h"

namespace mydocker {
namespace {

absl::Status PrintLine(const std::string& name) {
  return WriteAll(STDOUT_FILENO, absl::StrCat(name, "\n"));
}

absl::Status CheckHasNames(const std::vector<std::string>& words) {
  return words.empty()
             ? absl::InvalidArgumentError("the name of a volume is missing")
             : absl::OkStatus();
}

absl::StatusOr<int> List(const std::vector<std::string>& words) {
  if (!words.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("volume ls takes no words: ", words[0]));
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListVolumes());
  for (const std::string& name : names) {
    RETURN_IF_ERROR(PrintLine(name));
  }
  return 0;
}

absl::StatusOr<int> Create(const std::vector<std::string>& words) {
  RETURN_IF_ERROR(CheckHasNames(words));
  for (const std::string& name : words) {
    RETURN_IF_ERROR(CreateVolume(name));
    RETURN_IF_ERROR(PrintLine(name));
  }
  return 0;
}

absl::StatusOr<int> Remove(const std::vector<std::string>& words) {
  RETURN_IF_ERROR(CheckHasNames(words));
  for (const std::string& name : words) {
    RETURN_IF_ERROR(RemoveVolume(name));
  }
  return 0;
}

}  // namespace

absl::StatusOr<int> ManageVolumes(const std::vector<std::string>& words) {
  // Each of them has but the line in this page.
  const bool asks =
      words.size() == 2 && AsksForHelp({words.begin() + 1, words.end()});
  return CallSubcommand("mydocker volume",
                        asks ? std::vector<std::string>{words[1]} : words,
                        {{"ls", "lists the volumes", List},
                         {"create", "makes volumes, empty ones", Create},
                         {"rm", "removes volumes with all in them", Remove}});
}

}  // namespace mydocker
