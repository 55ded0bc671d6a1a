#include "chapters/11-fuse-union/passthrough.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/thread.h"
#include "common/base/errors.h"

namespace mydocker {
namespace {

// From <linux/fuse.h> of Linux 6.9; Debian 12's is older.
constexpr uint32_t kPassthrough = 1U << (37 - 32);  // In flags2.
constexpr uint32_t kOpenPassthrough = 1U << 7;
struct BackingMap {
  int32_t fd;
  uint32_t flags;
  uint64_t padding;
};
constexpr auto kBackingOpen = _IOW(FUSE_DEV_IOC_MAGIC, 1, BackingMap);
constexpr auto kBackingClose = _IOW(FUSE_DEV_IOC_MAGIC, 2, uint32_t);

// How many file systems that stand on others may be below us: none.
constexpr uint32_t kStackDepth = 1;

bool wants = false;
std::atomic<bool> has_asked = false;
bool offers_killpriv = false;
bool offers_passthrough = false;
std::atomic<bool> is_refused = false;
thread_local int32_t named = 0;

// #region listen
// The first question says what the kernel can do.
ssize_t ReadQuestion(int fd, void* buffer, size_t size, void*) {
  const ssize_t got = read(fd, buffer, size);
  fuse_in_header header = {};
  fuse_init_in init = {};
  if (!has_asked &&
      got >= static_cast<ssize_t>(sizeof(header) + sizeof(init))) {
    memcpy(&header, buffer, sizeof(header));
    memcpy(&init, static_cast<char*>(buffer) + sizeof(header), sizeof(init));
    const bool has_more = (init.flags & FUSE_INIT_EXT) != 0;
    offers_killpriv = (init.flags & FUSE_HANDLE_KILLPRIV_V2) != 0;
    offers_passthrough = has_more && (init.flags2 & kPassthrough) != 0;
    has_asked = true;
  }
  return got;
}

// And the answer, what of that is wanted.
void CompleteInit(const iovec& part) {
  auto& answer = *static_cast<fuse_init_out*>(part.iov_base);
  if (offers_killpriv) {
    answer.flags |= FUSE_HANDLE_KILLPRIV_V2;
  }
  if (HasPassthrough()) {
    answer.flags |= FUSE_INIT_EXT;
    answer.flags2 |= kPassthrough;
    answer.unused[0] = kStackDepth;  // max_stack_depth
  }
}

// An answer that opens a file ends with these.
void CompleteOpen(const iovec& part) {
  auto* const end = static_cast<char*>(part.iov_base) + part.iov_len;
  fuse_open_out open = {};
  memcpy(&open, end - sizeof(open), sizeof(open));
  open.open_flags |= kOpenPassthrough;
  open.padding = named;  // backing_id
  memcpy(end - sizeof(open), &open, sizeof(open));
}

ssize_t WriteAnswer(int fd, iovec* parts, int count, void*) {
  static std::atomic<bool> has_answered = false;
  if (!has_answered.exchange(true) && count == 2 &&
      parts[1].iov_len == sizeof(fuse_init_out)) {
    CompleteInit(parts[1]);
  } else if (named > 0 && count == 2 &&
             parts[1].iov_len >= sizeof(fuse_open_out)) {
    CompleteOpen(parts[1]);
  }
  return writev(fd, parts, count);
}
// #endregion listen

ssize_t Splice(int in, off_t* in_offset, int out, off_t* out_offset,
               size_t size, unsigned flags, void*) {
  return splice(in, in_offset, out, out_offset, size, flags);
}

}  // namespace

absl::Status ListenIn(fuse_session& session, bool wants_passthrough) {
  wants = wants_passthrough;
  const fuse_custom_io ways = {.writev = WriteAnswer,
                               .read = ReadQuestion,
                               .splice_receive = Splice,
                               .splice_send = Splice};
  const int error =
      fuse_session_custom_io(&session, &ways, fuse_session_fd(&session));
  return error == 0 ? absl::OkStatus()
                    : ErrnoError(-error, "listen in on libfuse");
}

bool HasPassthrough() { return wants && offers_passthrough; }

// #region backing
int32_t OpenBacking(fuse_session& session, int file) {
  if (!HasPassthrough() || is_refused) {
    return 0;
  }
  // The kernel keeps with the file what we may do now, and set-user-ID bits of
  // what it writes must go.
  const WithoutSetIdRight without;
  const BackingMap map = {file, 0, 0};
  const int backing = ioctl(fuse_session_fd(&session), kBackingOpen, &map);
  if (backing < 0 && errno == EPERM) {
    is_refused = true;  // It will not change its mind.
  }
  return backing > 0 ? backing : 0;
}

void CloseBacking(fuse_session& session, int32_t backing) {
  ioctl(fuse_session_fd(&session), kBackingClose, &backing);
}
// #endregion backing

NamingBacking::NamingBacking(int32_t backing) { named = backing; }
NamingBacking::~NamingBacking() { named = 0; }

}  // namespace mydocker
