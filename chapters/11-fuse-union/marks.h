// What stands in a layer for a file that is not there any more. A layer cannot
// hold nothing, so it holds a mark:
//
//     a file was deleted      a character device with the numbers 0, 0
//                             (overlayfs), or an empty file .wh.NAME (AUFS,
//                             fuse-overlayfs)
//     a directory hides       trusted.overlay.opaque (overlayfs), or
//     those below             user.overlay.opaque, or a file .wh..wh..opq in it
//
// All of them are read, always. Which ones are written depends on what the
// user may do, and on what the file system can hold.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_MARKS_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_MARKS_H_

#include <sys/stat.h>

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mydocker {

// Whether a file with these attributes says that its name was deleted.
bool IsWhiteout(const struct stat& attributes);

// Whether `name` is that of a mark, so that no file can have it: .wh.ANYTHING.
bool IsMarkName(absl::string_view name);

// The name of the file that says that `name` was deleted.
std::string WhiteoutName(absl::string_view name);

// Whether the directory behind the descriptor `directory` holds such a file.
bool HasWhiteoutFile(int directory, absl::string_view name);

// Whether nothing below this directory is to be seen in it.
bool IsOpaque(int directory);

// Whether `attribute`, the name of an extended attribute, is overlayfs's own:
// it says something about a layer, and nothing about the file.
bool IsMarkAttribute(absl::string_view attribute);

// The forms in which marks are written.
struct MarkForms {
  enum class Whiteout { kDevice, kFile };
  enum class Opaque { kTrusted, kUser, kFile };
  Whiteout whiteout = Whiteout::kDevice;
  Opaque opaque = Opaque::kTrusted;
};

// Finds out by trying, in the empty directory `work`, which forms can be
// written there: those of overlayfs if possible.
// Errors: not even files can be made and renamed there.
absl::StatusOr<MarkForms> FindForms(int work);

// Marks the directory that is called `name` in `parent`. Returns an errno, 0 if
// it is done.
int MakeOpaque(const MarkForms& forms, int parent, const std::string& name);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_MARKS_H_
