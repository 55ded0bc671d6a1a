// A file keeps its inode number when it is copied up, because programs identify
// files by it. The copy has its own number, so an extended attribute of the
// copy records the lower file's. Another attribute of the copy's directory
// records that it has such a file, so that nobody looks for the former in vain.
// The latter is overlayfs's "impure"; for the former, overlayfs uses a handle
// that only root can read.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_ORIGIN_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_ORIGIN_H_

#include <sys/stat.h>

#include "chapters/11-fuse-union/marks.h"
#include "chapters/11-fuse-union/spot.h"

namespace mydocker {

// Records that the file at `copy` was the one with these attributes. Not for
// one of several hard links: the other names keep that number. If the file
// cannot have such an attribute, it gets a new number when it is next looked
// up. Returns an errno, 0 on success.
int SetOrigin(const MarkForms& forms, const Spot& copy,
              const struct stat& original);

// Replaces number and device in `attributes` by the original's, if they are
// recorded.
void ReadOrigin(const MarkForms& forms, const Spot& copy,
                struct stat& attributes);

// Whether the upper directory with this descriptor has files with an origin.
bool IsImpure(int upper);
// Records that it does. If that cannot be recorded, no file has an origin.
void MakeImpure(const MarkForms& forms, int upper);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_ORIGIN_H_
