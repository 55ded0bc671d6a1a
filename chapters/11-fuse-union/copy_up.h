// Copy-up: before a file of a lower layer is changed, it is copied into the
// upper directory, and the copy is changed.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_COPY_UP_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_COPY_UP_H_

#include <sys/types.h>

#include <limits>

#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/union.h"

namespace mydocker {

inline constexpr off_t kWholeFile = std::numeric_limits<off_t>::max();

// Copies `node` and the directories that contain it into the upper directory,
// unless it is already there: with owner, permissions, times, extended
// attributes and holes. Only the first `length` bytes of the content are
// copied: what the caller truncates next need not be.
//
// The copy is made in the work directory, where nobody sees it, and appears at
// once when it is complete. A second copy-up of the same file waits for it;
// other uses of the file, and other files, do not.
//
// Returns an errno, 0 on success: EROFS without an upper directory, ENOSPC, ….
int CopyUp(Union& all, Node& node, off_t length = kWholeFile);

// Records that `parent`, which has an upper directory, gets a file that is
// shown with another inode number than its own.
void MarkImpure(Union& all, const Node& parent);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_COPY_UP_H_
