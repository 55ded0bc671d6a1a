// From chapter 12.

#ifndef MYDOCKER_COMMON_CONTAINER_REQUEST_SPEC_H_
#define MYDOCKER_COMMON_CONTAINER_REQUEST_SPEC_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/container/request.h"
#include "common/container/spec.h"

namespace mydocker {

// Returns the container with the identifier `id` that `request` asks for. Its
// environment is a small one of its own, as in Docker: PATH, HOSTNAME, TERM
// with -ti, and what -env-file and -e say; init adds HOME. Errors:
// InvalidArgument for texts that cannot be parsed (ParseVolume, ParseTmpfs,
// CheckVariable, ParseUserWords, ParseUlimit), for two limits of one kind, two
// mounts on one target, a directory that is not absolute; those of reading a
// file with variables.
absl::StatusOr<Spec> SpecFor(const Request& request, const std::string& id);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_REQUEST_SPEC_H_
