// Copies a file's content and attributes to another file: the half of a copy-up
// that knows nothing of unions. All functions return an errno, 0 on success.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_CONTENT_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_CONTENT_H_

#include <sys/stat.h>

#include "chapters/11-fuse-union/spot.h"

namespace mydocker {

// Copies the first `length` bytes from the file `from` to the empty file `to`.
// Holes stay holes (lseek(2), SEEK_HOLE), and where the file system can share
// blocks, nothing is copied at all (copy_file_range(2)).
int CopyContent(int from, int to, off_t length);

// Gives the file at `to` what the file at `from` has: owner, permissions,
// extended attributes except overlayfs's marks, and times. `attributes` are
// those of `from` (stat(2)). Without root, attributes that only root may set
// are left out.
int CopyAttributes(const Spot& from, const struct stat& attributes,
                   const Spot& to);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_CONTENT_H_
