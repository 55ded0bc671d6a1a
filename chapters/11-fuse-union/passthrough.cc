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

// How many stacked file systems may be below us: none.
constexpr uint32_t kStackDepth = 1;

bool passthrough_wanted = false;
std::atomic<bool> has_asked = false;
bool offers_killpriv = false;
bool offers_passthrough = false;
std::atomic<bool> is_refused = false;
thread_local int32_t backing_to_name = 0;

// #region listen
// Reads questions; the first one says what the kernel can do.
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

// Adds to the answer what we want of that.
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

// Names the file in an answer that opens one, which ends with a fuse_open_out.
void CompleteOpen(const iovec& part) {
  auto* const end = static_cast<char*>(part.iov_base) + part.iov_len;
  fuse_open_out open = {};
  memcpy(&open, end - sizeof(open), sizeof(open));
  open.open_flags |= kOpenPassthrough;
  open.padding = backing_to_name;  // backing_id
  memcpy(end - sizeof(open), &open, sizeof(open));
}

ssize_t WriteAnswer(int fd, iovec* parts, int count, void*) {
  static std::atomic<bool> has_answered = false;
  if (!has_answered.exchange(true) && count == 2 &&
      parts[1].iov_len == sizeof(fuse_init_out)) {
    CompleteInit(parts[1]);
  } else if (backing_to_name > 0 && count == 2 &&
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
  passthrough_wanted = wants_passthrough;
  const fuse_custom_io ways = {.writev = WriteAnswer,
                               .read = ReadQuestion,
                               .splice_receive = Splice,
                               .splice_send = Splice};
  const int error =
      fuse_session_custom_io(&session, &ways, fuse_session_fd(&session));
  return error == 0 ? absl::OkStatus()
                    : ErrnoError(-error, "listen in on libfuse");
}

bool HasPassthrough() { return passthrough_wanted && offers_passthrough; }

// #region backing
int32_t OpenBacking(fuse_session& session, int file) {
  if (!HasPassthrough() || is_refused) {
    return 0;
  }
  // The kernel stores our current rights with the file, and its writes must
  // clear set-user-ID bits.
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

NamingBacking::NamingBacking(int32_t backing) { backing_to_name = backing; }
NamingBacking::~NamingBacking() { backing_to_name = 0; }

}  // namespace mydocker
