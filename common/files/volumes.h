// From chapter 12.
//
// Named volumes: directories that outlive the containers that use them.

#ifndef MYDOCKER_COMMON_FILES_VOLUMES_H_
#define MYDOCKER_COMMON_FILES_VOLUMES_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"

namespace mydocker {

// Where they lie. Beside the containers' files, which are named by ids, and
// with a name that is none: what removes those leaves this alone. Only root may
// enter, so nobody else can lock a volume for ever.
//
//     NAME/_data    what a container sees
//     NAME/lock     locked while the volume is filled (FillVolume)
//     NAME/filling  exists while _data has only a part of what the image has
inline constexpr char kVolumesDirectory[] = "/var/lib/mydocker/volumes";

// Whether `name` may be a volume's, as in Docker: letters, digits, and behind
// the first one also "_", "." and "-".
bool IsVolumeName(absl::string_view name);

// The directory of a volume that containers see, and the reverse: the name of
// the volume whose directory `path` is.
std::string PathOfVolume(absl::string_view name);
std::optional<std::string> VolumeAt(absl::string_view path);

// Makes the volume `name` if it does not exist. Errors: InvalidArgument for
// what is no name; EACCES if the caller is not root.
absl::Status CreateVolume(const std::string& name);

// Returns the names of all volumes, sorted.
absl::StatusOr<std::vector<std::string>> ListVolumes();

// Removes the volume `name` with its content. If this is interrupted, what
// stays is no volume any more, and the next call removes it.
// Errors: NotFound; FailedPrecondition if a container uses it.
absl::Status RemoveVolume(const std::string& name);

// Volumes that this process uses, for as long as this object lives: they cannot
// be removed. The kernel forgets that when the process dies.
class VolumeUse {
 public:
  // Makes those that do not exist. Errors: those of CreateVolume.
  static absl::StatusOr<VolumeUse> Begin(const std::vector<std::string>& names);

 private:
  VolumeUse() = default;

  std::vector<UniqueFd> locks_;
};

// A volume that is open, for whoever will no longer have its path.
struct OpenVolume {
  UniqueFd folder;
  UniqueFd data;
  UniqueFd lock;
};

// Opens the volume `name`. Errors: those of open(2).
absl::StatusOr<OpenVolume> OpenTheVolume(const std::string& name);

// If the volume is empty, copies into it what the container whose root is
// `root` has in the directory `target`, with owners and all (CopyTree). If it
// was interrupted there, begins anew. Waits while another container fills it.
// Errors: those of CopyTree; ENOSPC.
absl::Status FillVolume(const OpenVolume& volume, const UniqueFd& root,
                        const std::string& target);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_VOLUMES_H_
