// From chapter 10.
//
// A layer: what was added and changed, and a mark for what was deleted.
// overlayfs marks in its own way, which no archive can carry everywhere: a
// device with the numbers 0, 0. In an archive, a layer has the OCI's form:
// https://github.com/opencontainers/image-spec/blob/main/layer.md
//
//     in an upper directory              in an archive
//     NAME, a character device 0, 0      .wh.NAME, an empty file
//     DIR with trusted.overlay.opaque    DIR/.wh..wh..opq, an empty file

#ifndef MYDOCKER_COMMON_FILES_LAYER_H_
#define MYDOCKER_COMMON_FILES_LAYER_H_

#include <sys/stat.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/base/fd.h"

namespace mydocker {

inline constexpr absl::string_view kMark = ".wh.";
inline constexpr absl::string_view kOpaqueMark = ".wh..wh..opq";
// AUFS kept its own books under names that begin so.
inline constexpr absl::string_view kAufsMark = ".wh..wh.";

// Whether this is what overlayfs has in the place of a file that was deleted.
bool IsWhiteout(const struct stat& attributes);

// Puts a whiteout there: it hides what lower layers have under this name below
// `directory`, an open folder. Errors: those of mknod(2).
absl::Status MakeWhiteout(const UniqueFd& directory, const std::string& name);

// Whether the open directory hides what lower layers have in theirs of this
// name.
bool IsOpaque(const UniqueFd& directory);

// Has it do so. Errors: those of setxattr(2).
absl::Status MakeOpaque(const UniqueFd& directory);

}  // namespace mydocker

#endif  // MYDOCKER_COMMON_FILES_LAYER_H_
