// From chapter 12.
//
// A Spec as JSON, for people and for the pipe from `run` to `init`.

#ifndef MYDOCKER_COMMON_CONTAINER_SPEC_JSON_H_
#define MYDOCKER_COMMON_CONTAINER_SPEC_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/container/spec.h"

namespace mydocker {

// Returns `spec` as a config.json of the OCI, in lines. Fields that are empty
// and not required are left out.
// Errors: InvalidArgument, with the field's path, for a text that is not UTF-8,
// which JSON cannot hold (RFC 8259).
absl::StatusOr<std::string> SpecToJson(const Spec& spec);

// The reverse. Fields that we do not know are ignored, as the OCI says.
// Errors: InvalidArgument for what is no JSON, with the place; for a field that
// is missing, has another type, does not fit, or contains a NUL byte, which no
// string of the kernel's can hold, with its path: "mounts[1].destination".
absl::StatusOr<Spec> SpecFromJson(absl::string_view text);

// As above, for the pipe, where no byte may be lost: arguments and file names
// are bytes, which need not be UTF-8. Each byte is one character, from U+0000
// to U+00FF, so ASCII looks the same and the rest survives.
std::string EncodeSpec(const Spec& spec);

// The reverse. Errors: those of SpecFromJson; a character beyond U+00FF.
absl::StatusOr<Spec> DecodeSpec(absl::string_view text);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_CONTAINER_SPEC_JSON_H_
