// ParseVolume and ParseTmpfs: whatever is accepted has a target in the
// container, but neither its root nor in /proc, and says the same again.

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/container/parse_mount.h"
#include "common/files/mount_options.h"
#include "common/files/volumes.h"
#include "tests/fuzz/property.h"

namespace mydocker {
namespace {

void CheckTarget(const std::string& target) {
  PROPERTY(target.size() > 1 && target[0] == '/' && target.back() != '/');
  PROPERTY(target != "/proc" && !absl::StartsWith(target, "/proc/"));
  const std::string parts = absl::StrCat(target, "/");
  for (const char* part : {"//", "/./", "/../"}) {
    PROPERTY(!absl::StrContains(parts, part));
  }
}

void CheckVolume(absl::string_view text) {
  const absl::StatusOr<MountSpec> mount = ParseVolume(text);
  if (!mount.ok()) {
    PROPERTY(mount.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  CheckTarget(mount->destination);
  const std::string source(text.substr(0, text.find(':')));
  PROPERTY(mount->source ==
           (IsVolumeName(source) ? PathOfVolume(source) : source));
  PROPERTY(VolumeAt(mount->source).has_value() == IsVolumeName(source) ||
           mount->source == source);
  PROPERTY(SortOptions(mount->options).data.empty());
  PROPERTY(SortOptions(mount->options).attributes.propagation != 0);
  const absl::StatusOr<MountSpec> again =
      ParseVolume(absl::StrCat(source, ":", mount->destination));
  PROPERTY(again.ok() && again->destination == mount->destination);
}

void CheckTmpfs(absl::string_view text) {
  const absl::StatusOr<MountSpec> mount = ParseTmpfs(text);
  if (!mount.ok()) {
    PROPERTY(mount.status().code() == absl::StatusCode::kInvalidArgument);
    return;
  }
  CheckTarget(mount->destination);
  for (const std::string& option : SortOptions(mount->options).data) {
    PROPERTY(option.find('=') < option.size() - 1);
  }
}

}  // namespace
}  // namespace mydocker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  mydocker::CheckVolume(text);
  mydocker::CheckTmpfs(text);
  return 0;
}
