// Abilities of the kernel that libfuse 3.14 does not support. They are
// requested in the answer to the kernel's first question (INIT), which libfuse
// writes and we complete on its way:
//
//   passthrough (Linux 6.9)   when a file is opened, the answer may name a file
//                             of another file system, and the kernel reads and
//                             writes that one without asking us
//   killpriv v2 (Linux 5.12)  before each write the kernel asks whether the
//                             file has capabilities to clear; with this it
//                             leaves that to the file system, here to the
//                             layer's

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_PASSTHROUGH_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_PASSTHROUGH_H_

#include <cstdint>

#include "absl/status/status.h"

struct fuse_session;

namespace mydocker {

// Routes the messages between the kernel and libfuse in this session through
// us. Call it before the first question is read; `wants_passthrough` says
// whether to request passthrough. Errors: those of fuse_session_custom_io.
absl::Status ListenIn(fuse_session& session, bool wants_passthrough);

// Whether the kernel offered passthrough and we wanted it. Known after the
// kernel's first question.
bool HasPassthrough();

// Lets the kernel read and write an open file for us. Returns the number by
// which the kernel knows the file, 0 if it may not: that needs root, and a file
// system that is no overlay itself.
int32_t OpenBacking(fuse_session& session, int file);
void CloseBacking(fuse_session& session, int32_t backing);

// While this lives, an answer of this thread that opens a file names the one
// with this number; 0: it names none.
class NamingBacking {
 public:
  explicit NamingBacking(int32_t backing);
  NamingBacking(const NamingBacking&) = delete;
  NamingBacking& operator=(const NamingBacking&) = delete;
  ~NamingBacking();
};

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_PASSTHROUGH_H_
