#include "common/container/rootfs_flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "common/cgroup/pids.h"

ABSL_FLAG(mydocker::PidsLimit, pids_limit, mydocker::PidsLimit{},
          "how many processes it may have at a time, threads counted");
ABSL_FLAG(std::string, rootfs, "",
          "the directory that becomes its /; without one it sees the host's "
          "files");
ABSL_FLAG(std::string, hostname, "",
          "its host name; its id, 12 hexadecimal digits, unless given");

namespace mydocker {
namespace {

absl::Status FillRootfs(Request& request) {
  request.limits.pids_limit = absl::GetFlag(FLAGS_pids_limit).processes;
  request.rootfs = absl::GetFlag(FLAGS_rootfs);
  request.hostname = absl::GetFlag(FLAGS_hostname);
  return absl::OkStatus();
}

}  // namespace

const RequestFlags kRootfsFlags = {{{"pids_limit", "rootfs", "hostname"}, {}},
                                   FillRootfs};

}  // namespace mydocker
