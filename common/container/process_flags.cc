#include "common/container/process_flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "common/base/command_line.h"

ABSL_FLAG(mydocker::Strings, e, mydocker::Strings{},
          "NAME=VALUE in its environment; NAME alone: the caller's value");
ABSL_FLAG(mydocker::Strings, env_file, mydocker::Strings{},
          "a file with such variables, one a line; -e counts more");
ABSL_FLAG(std::string, w, "",
          "the directory that it starts in, made if it is missing; / unless "
          "given");
ABSL_FLAG(std::string, u, "",
          "USER[:GROUP]: who it is, by names of its own /etc/passwd and "
          "/etc/group, or by numbers; root unless given");
ABSL_FLAG(mydocker::Strings, ulimit, mydocker::Strings{},
          "NAME=SOFT[:HARD]: a limit of its processes, e.g. nofile=1024");

namespace mydocker {
namespace {

absl::Status FillProcess(Request& request) {
  request.env = absl::GetFlag(FLAGS_e).values;
  request.env_files = absl::GetFlag(FLAGS_env_file).values;
  request.directory = absl::GetFlag(FLAGS_w);
  request.user = absl::GetFlag(FLAGS_u);
  request.ulimits = absl::GetFlag(FLAGS_ulimit).values;
  return absl::OkStatus();
}

}  // namespace

const RequestFlags kProcessFlags = {
    {{"e", "env_file", "w", "u", "ulimit"},
     {{"env", "e"}, {"workdir", "w"}, {"user", "u"}}},
    FillProcess};

}  // namespace mydocker
