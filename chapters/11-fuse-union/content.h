// What a file is made of, copied from one file to another: the half of a
// copy-up that knows nothing of unions. All functions return an errno, 0 if it
// is done.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_CONTENT_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_CONTENT_H_

#include <sys/stat.h>

#include "chapters/11-fuse-union/spot.h"

namespace mydocker {

// Copies the first `length` bytes from the file `from` to the empty file `to`.
// Holes stay holes (lseek(2), SEEK_HOLE), and where the file system can share
// blocks, nothing is copied at all (copy_file_range(2)).
int CopyContent(int from, int to, off_t length);

// Gives the file at `to` what the one at `from` has, whose attributes (stat(2))
// are `attributes`: owner, permissions, extended attributes but overlayfs's
// marks, and times. Where we are not root, what only root may give is left out.
int CopyAttributes(const Spot& from, const struct stat& attributes,
                   const Spot& to);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_CONTENT_H_
