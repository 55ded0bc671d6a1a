// `mydocker volume`: the named volumes.

#ifndef MYDOCKER_CHAPTERS_12_VOLUMES_VOLUME_H_
#define MYDOCKER_CHAPTERS_12_VOLUMES_VOLUME_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mydocker {

// Does what `words` say: ls, create NAME… or rm NAME…. ls and create write the
// names to standard output, a line each. Returns 0.
// Errors: those of files/volumes.h. Of several volumes, those before the one
// with the error are done.
absl::StatusOr<int> ManageVolumes(const std::vector<std::string>& words);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_12_VOLUMES_VOLUME_H_
