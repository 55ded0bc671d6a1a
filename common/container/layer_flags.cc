#include "common/container/layer_flags.h"

#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "common/base/command_line.h"

ABSL_FLAG(mydocker::Strings, layer, mydocker::Strings{},
          "a layer of its files, a directory or a tar archive; once for each, "
          "the lowest first");
ABSL_FLAG(std::string, keep_upper, "",
          "the directory where what it changes is kept; without one it goes "
          "with the container");

namespace mydocker {
namespace {

// #region fill
absl::Status FillLayers(Request& request) {
  request.layers = absl::GetFlag(FLAGS_layer).values;
  request.keep_upper = absl::GetFlag(FLAGS_keep_upper);
  if (!request.layers.empty() && !request.rootfs.empty()) {
    return absl::InvalidArgumentError(
        "either -rootfs or -layer: a root file system may be the lowest layer");
  }
  if (request.layers.empty() && !request.keep_upper.empty()) {
    return absl::InvalidArgumentError(
        "-keep-upper keeps what is changed over layers; -layer names them");
  }
  return absl::OkStatus();
}
// #endregion fill

}  // namespace

const RequestFlags kLayerFlags = {{{"layer", "keep_upper"}, {}}, FillLayers};

}  // namespace mydocker
