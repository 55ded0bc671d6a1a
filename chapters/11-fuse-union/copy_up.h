// Copy-up: before a file of a lower layer is changed, it is copied into the
// upper directory, and what is changed is the copy.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_COPY_UP_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_COPY_UP_H_

#include <sys/types.h>

#include <limits>

#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/union.h"

namespace mydocker {

inline constexpr off_t kWholeFile = std::numeric_limits<off_t>::max();

// Copies `node`, and the directories that it is in, into the upper directory,
// if it is not there yet: with owner, permissions, times, extended attributes
// and holes. Of a file's content, the first `length` bytes: what is cut off
// next need not be copied.
//
// The copy is made in the work directory, where nobody sees it, and appears at
// once when it is complete. Who wants to copy up the same file waits; who wants
// something else of it, or another file, does not.
//
// Returns an errno, 0 if it is done: EROFS without an upper directory, ENOSPC,
// ….
int CopyUp(Union& all, Node& node, off_t length = kWholeFile);

// Notes that `parent`, whose upper directory there is, gets a file that goes by
// another number than its own.
void MarkImpure(Union& all, const Node& parent);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_COPY_UP_H_
