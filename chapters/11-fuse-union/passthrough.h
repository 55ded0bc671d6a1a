// What the kernel can do and libfuse 3.14 does not know of. It is asked for in
// the answer to the kernel's first question (INIT), which libfuse writes and we
// complete on its way:
//
//   passthrough (Linux 6.9)   when a file is opened, the answer may name a file
//                             of another file system, and the kernel reads and
//                             writes that one without asking us
//   killpriv v2 (Linux 5.12)  before each write the kernel asks whether the
//   file
//                             has capabilities to take away; with this it
//                             leaves that to the file system, here to that of
//                             the layer

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_PASSTHROUGH_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_PASSTHROUGH_H_

#include <cstdint>

#include "absl/status/status.h"

struct fuse_session;

namespace mydocker {

// Lets us see what goes between the kernel and libfuse in this session. Before
// it is mounted, `wants_passthrough` says whether to ask for that.
// Errors: those of fuse_session_custom_io.
absl::Status ListenIn(fuse_session& session, bool wants_passthrough);

// Whether the kernel has offered it, and we wanted it. Known once the kernel
// has asked its first question.
bool HasPassthrough();

// Tells the kernel of an open file that it may read and write for us. Returns
// the number by which it knows the file, 0 if it may not: that takes root, and
// a file system that is no overlay itself.
int32_t OpenBacking(fuse_session& session, int file);
void CloseBacking(fuse_session& session, int32_t backing);

// While this lives, an answer of this thread that opens a file names that one.
// 0: it does not.
class NamingBacking {
 public:
  explicit NamingBacking(int32_t backing);
  NamingBacking(const NamingBacking&) = delete;
  NamingBacking& operator=(const NamingBacking&) = delete;
  ~NamingBacking();
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_PASSTHROUGH_H_
