// Marks for deleted files. A layer cannot store an absence, so it stores a
// mark:
//
//     a file was deleted      a character device with the numbers 0, 0
//                             (overlayfs), or an empty file .wh.NAME (AUFS,
//                             fuse-overlayfs)
//     a directory hides       trusted.overlay.opaque (overlayfs), or
//     those below             user.overlay.opaque, or a file .wh..wh..opq in it
//
// All forms are always read. Which ones are written depends on what the user
// may do and what the file system can hold.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_MARKS_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_MARKS_H_

#include <sys/stat.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Whether a file with these attributes is a whiteout.
bool IsWhiteout(const struct stat& attributes);

// Whether `name` is reserved for marks: .wh.ANYTHING. No file can have it.
bool IsMarkName(absl::string_view name);

// The name of the file that marks `name` as deleted.
std::string WhiteoutName(absl::string_view name);

// Whether the directory with the descriptor `directory` holds such a file.
bool HasWhiteoutFile(int directory, absl::string_view name);

// Whether this directory hides the directories below it.
bool IsOpaque(int directory);

// Whether `attribute`, the name of an extended attribute, is overlayfs's own:
// it describes the layer, not the file.
bool IsMarkAttribute(absl::string_view attribute);

// The forms in which marks are written.
struct MarkForms {
  enum class Whiteout { kDevice, kFile };
  enum class Opaque { kTrusted, kUser, kFile };
  Whiteout whiteout = Whiteout::kDevice;
  Opaque opaque = Opaque::kTrusted;
};

// Finds out by trying, in the empty directory `work`, which forms can be
// written there, preferring overlayfs's. Errors: files cannot even be made and
// renamed there, or none of the forms can be written.
absl::StatusOr<MarkForms> FindForms(int work);

// Marks the directory `name` in `parent` as opaque. Returns an errno, 0 on
// success.
int MakeOpaque(const MarkForms& forms, int parent, const std::string& name);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_MARKS_H_
