// An open file: what fuse_file_info's fh points to, so that the kernel brings
// it along with each question about it.

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
  // By which the kernel reads and writes it without us (passthrough.h), or 0.
  int32_t backing = 0;
  // Whether what the kernel keeps of its content is still good.
  bool keeps_cache = false;
};

// The flags with which we open what a caller opens with `flags`.
int OwnFlags(const Union& all, int flags);

// Opens the file where it is now. If that is for writing, it must be in the
// upper directory. Returns an errno, 0 if it is done.
int OpenNode(Union& all, Node& node, int flags,
             std::unique_ptr<OpenFile>& opened);

// The same for one that has just been made, and is open.
std::unique_ptr<OpenFile> OpenCreated(Union& all, Node& node, UniqueFd file);

// Closes it: nobody has it open any more.
void Close(Union& all, Node& node, std::unique_ptr<OpenFile> file);

// What is left of these permissions when somebody who is not root has written
// to the file.
mode_t ModeAfterWrite(mode_t mode);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_OPEN_FILE_H_
