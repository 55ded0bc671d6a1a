#include "common/container/volume_flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "common/base/command_line.h"
#include "common/base/size.h"

ABSL_FLAG(mydocker::Strings, v, mydocker::Strings{},
          "SOURCE:TARGET[:OPTIONS]: shows a path of the host's, or the volume "
          "of that name, as TARGET; OPTIONS: ro, rw, nosuid, nodev, noexec, "
          "rprivate, rslave, rshared");
ABSL_FLAG(mydocker::Strings, tmpfs, mydocker::Strings{},
          "TARGET[:OPTIONS]: an empty directory in memory; OPTIONS: size=64m, "
          "mode=755, exec, …");
ABSL_FLAG(bool, read_only, false,
          "its root file system cannot be written to; volumes can");
ABSL_FLAG(mydocker::Size, shm_size, mydocker::Size{},
          "the size of its /dev/shm; 64m unless given");

namespace mydocker {
namespace {

absl::Status FillVolumes(Request& request) {
  request.volumes = absl::GetFlag(FLAGS_v).values;
  request.tmpfs = absl::GetFlag(FLAGS_tmpfs).values;
  request.read_only = absl::GetFlag(FLAGS_read_only);
  request.shm_size = absl::GetFlag(FLAGS_shm_size).bytes;
  const bool has_any = !request.volumes.empty() || !request.tmpfs.empty() ||
                       request.read_only || request.shm_size > 0;
  if (has_any && request.rootfs.empty() && request.layers.empty()) {
    return absl::InvalidArgumentError(
        "-v, -tmpfs, -read-only and -shm-size are for a container with files "
        "of its own: -layer or -rootfs gives it some");
  }
  return absl::OkStatus();
}

}  // namespace

const RequestFlags kVolumeFlags = {
    {{"v", "tmpfs", "read_only", "shm_size"}, {{"volume", "v"}}}, FillVolumes};

}  // namespace mydocker
