#include "common/container/request.h"

#include <stdlib.h>
#include <unistd.h>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/errors.h"
#include "common/base/fd.h"
#include "common/base/size.h"
#include "common/base/verbose.h"
#include "common/cgroup/cpu.h"
#include "common/cgroup/cpu_list.h"

ABSL_FLAG(bool, ti, false,
          "interactive: standard input is the caller's, and Ctrl-C is for the "
          "command");
ABSL_FLAG(mydocker::Size, m, mydocker::Size{},
          "the most memory that the container may have, e.g. 100m");
ABSL_FLAG(mydocker::CpuShares, cpushare, mydocker::CpuShares{},
          "its part of the CPUs' time where there is not enough for all: 2 to "
          "262144; every container has 1024 unless told otherwise");
ABSL_FLAG(mydocker::CpuList, cpuset, mydocker::CpuList{},
          "the CPUs that it may run on, e.g. 0 or 0-1,3");
ABSL_FLAG(bool, verbose, false, "tell each step on standard error");

namespace mydocker {
namespace {

constexpr absl::string_view kUsage =
    "mydocker run [FLAGS] [--] COMMAND [ARG...]";

// #region fill
absl::Status FillBasics(Request& request) {
  request.interactive = absl::GetFlag(FLAGS_ti);
  request.limits.memory_limit = absl::GetFlag(FLAGS_m).bytes;
  request.limits.cpu_shares = absl::GetFlag(FLAGS_cpushare).shares;
  request.limits.cpuset = absl::GetFlag(FLAGS_cpuset).text;
  SetVerbose(absl::GetFlag(FLAGS_verbose));
  return absl::OkStatus();
}
// #endregion fill

}  // namespace

const RequestFlags kBasicFlags = {{{"ti", "m", "cpushare", "cpuset", "verbose"},
                                   {{"it", "ti"}, {"mem", "m"}}},
                                  FillBasics};

absl::StatusOr<Request> ParseRequest(
    const std::vector<std::string>& words,
    const std::vector<const RequestFlags*>& groups) {
  FlagSet all;
  for (const RequestFlags* group : groups) {
    const FlagSet& flags = group->flags;
    all.names.insert(all.names.end(), flags.names.begin(), flags.names.end());
    all.aliases.insert(all.aliases.end(), flags.aliases.begin(),
                       flags.aliases.end());
  }
  if (AsksForHelp(words)) {
    RETURN_IF_ERROR(WriteAll(STDOUT_FILENO, HelpPage(kUsage, all)));
    exit(EXIT_SUCCESS);
  }
  Request request;
  ASSIGN_OR_RETURN(request.argv, ParseFlags(words, all));
  if (request.argv.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the container's command is missing: ", kUsage));
  }
  for (const RequestFlags* group : groups) {
    RETURN_IF_ERROR(group->fill(request));
  }
  return request;
}

}  // namespace mydocker
