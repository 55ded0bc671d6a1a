// An open file: fuse_file_info's fh points to it, so that the kernel passes it
// along with each question about the file.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_OPEN_FILE_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_OPEN_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>

#include "chapters/11-fuse-union/nodes.h"
#include "chapters/11-fuse-union/union.h"
#include "common/base/fd.h"

namespace mydocker {

struct OpenFile {
  UniqueFd fd;
  // The number by which the kernel reads and writes it without us
  // (passthrough.h); 0 if it does not.
  int32_t backing = 0;
  // Whether the kernel's cache of its content is still valid.
  bool keeps_cache = false;
};

// The flags with which we open a file that the caller opens with `flags`.
int OwnFlags(const Union& all, int flags);

// Opens the file where it is now. To be opened for writing, it must be in the
// upper directory. Returns an errno, 0 on success.
int OpenNode(Union& all, Node& node, int flags,
             std::unique_ptr<OpenFile>& opened);

// The same for a file that has just been made and is open.
std::unique_ptr<OpenFile> OpenCreated(Union& all, Node& node, UniqueFd file);

// Closes a file that nobody has open any more.
void Close(Union& all, Node& node, const OpenFile& file);

// Returns what is left of these permissions after a user other than root has
// written to the file.
mode_t ModeAfterWrite(mode_t mode);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_OPEN_FILE_H_
