// A file keeps its inode number when it is copied up: programs know files by
// it. The copy has a number of its own, so the lower file's is written down
// beside it, as an extended attribute; and in the directory of the copy, that
// there is such a file, so that nobody looks for the attribute in vain. The
// latter is overlayfs's "impure"; the former overlayfs does by a handle that
// only root can read.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_ORIGIN_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_ORIGIN_H_

#include <sys/stat.h>

#include "chapters/11-fuse-union/marks.h"
#include "chapters/11-fuse-union/spot.h"

namespace mydocker {

// Writes down that the file at `copy` has been the one with these attributes.
// Not of one of several hard links: the others keep that number. Where a file
// cannot have such an attribute, it gets a new number when it is next looked
// up. Returns an errno, 0 if it is done.
int SetOrigin(const MarkForms& forms, const Spot& copy,
              const struct stat& original);

// Puts the number and device of the original in the place of those in
// `attributes`, if there are any.
void ReadOrigin(const MarkForms& forms, const Spot& copy,
                struct stat& attributes);

// Whether the upper directory behind a descriptor has files with an origin.
bool IsImpure(int upper);
// Writes that down. Where it cannot be, nothing has an origin.
void MakeImpure(const MarkForms& forms, int upper);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_ORIGIN_H_
