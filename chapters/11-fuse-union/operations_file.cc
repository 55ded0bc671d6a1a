// open, create, read, write, release, fsync, fallocate, lseek, copy_file_range.
//
// There are no locks here: the kernel handles what FUSE programs do not
// implement, and everybody who could want the same lock goes through it.

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "chapters/11-fuse-union/copy_up.h"
#include "chapters/11-fuse-union/open_file.h"
#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/passthrough.h"
#include "chapters/11-fuse-union/server.h"

namespace mydocker {
namespace {

// The largest read or write whose time does not matter.
constexpr size_t kSmall = 32 << 10;

OpenFile& OpenFileOf(const fuse_file_info* info) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return *reinterpret_cast<OpenFile*>(info->fh);
}
int FdOf(const fuse_file_info* info) { return OpenFileOf(info).fd.get(); }

void ReplyIf(fuse_req_t request, bool done) {
  fuse_reply_err(request, done ? 0 : errno);
}

// Writing to a file clears its set-user-ID bits, except for root. Where the
// kernel has not done so before it asked us, we do.
int ClearPrivileges(fuse_req_t request, fuse_ino_t id, int file) {
  struct stat now = {};
  if (fuse_req_ctx(request)->uid == 0 || fstat(file, &now) != 0 ||
      ModeAfterWrite(now.st_mode) == (now.st_mode & 07777)) {
    return 0;
  }
  if (fchmod(file, ModeAfterWrite(now.st_mode)) != 0) {
    return errno;
  }
  // The kernel has cached the old permissions.
  fuse_lowlevel_notify_inval_inode(UnionOf(request).session, id, -1, 0);
  return 0;
}

void CloseHandle(Union& all, Node& node, const fuse_file_info* info) {
  Close(all, node, OpenFileOf(info));
  all.handles.Remove(info->fh);
}

// Hands an open file to the kernel through `reply`, and returns that function's
// result: not 0 if the kernel no longer needs the file.
int ReplyOpen(fuse_req_t request, Node& node, std::unique_ptr<OpenFile> opened,
              fuse_file_info* info, const std::function<int()>& reply) {
  Union& all = UnionOf(request);
  const NamingBacking naming(opened->backing);
  info->keep_cache = opened->keeps_cache;
  info->fh = all.handles.Add(std::move(opened));
  // The kernel may release it meanwhile, in another thread; but not if it does
  // not get it.
  const int error = reply();
  if (error != 0) {
    CloseHandle(all, node, info);
  }
  return error;
}

// #region open
void Open(fuse_req_t request, fuse_ino_t id, fuse_file_info* info) {
  Union& all = UnionOf(request);
  Node& node = NodeOf(request, id);
  int error = 0;
  if ((info->flags & O_ACCMODE) != O_RDONLY || (info->flags & O_TRUNC) != 0) {
    error = CopyUp(all, node, (info->flags & O_TRUNC) != 0 ? 0 : kWholeFile);
  }
  std::unique_ptr<OpenFile> opened;
  if (error == 0) {
    error = OpenNode(all, node, info->flags, opened);
  }
  if (error != 0) {
    fuse_reply_err(request, error);
    return;
  }
  if ((info->flags & O_TRUNC) != 0) {
    ClearPrivileges(request, id, opened->fd.get());
  }
  ReplyOpen(request, node, std::move(opened), info,
            [&] { return fuse_reply_open(request, info); });
}
// #endregion open

// #region create
void Create(fuse_req_t request, fuse_ino_t id, const char* name, mode_t mode,
            fuse_file_info* info) {
  Union& all = UnionOf(request);
  Node& parent = NodeOf(request, id);
  fuse_entry_param entry = {};
  UniqueFd file;
  int error = IsMarkName(name) ? EPERM : CopyUp(all, parent);
  if (error == 0) {
    const std::unique_lock entries(parent.entries);
    const ActingAs caller = CallerOf(request);
    const int flags =
        OwnFlags(all, info->flags) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    error = all.upper.Make(
        parent.directory->upper(), name,
        [&](int directory, const char* new_name) {
          file = UniqueFd(openat(directory, new_name, flags, mode));
          return file.valid() ? 0 : errno;
        });
    if (error == 0) {
      error = LookUp(all, parent, name, entry);
    }
  }
  if (error != 0) {
    fuse_reply_err(request, error);
    return;
  }
  Node& node = NodeOf(all, entry.ino);
  if (ReplyOpen(request, node, OpenCreated(all, node, std::move(file)), info,
                [&] { return fuse_reply_create(request, &entry, info); }) !=
      0) {
    all.nodes.Forget(node, 1);
  }
}
// #endregion create

void Release(fuse_req_t request, fuse_ino_t id, fuse_file_info* info) {
  CloseHandle(UnionOf(request), NodeOf(request, id), info);
  fuse_reply_err(request, 0);
}

// #region read-write
// The answer names the file and where to read, and the kernel moves the pages
// from one to the other (splice(2)).
void Read(fuse_req_t request, fuse_ino_t, size_t size, off_t offset,
          fuse_file_info* info) {
  if (size > kSmall) {
    Server::MayTakeLong();
  }
  fuse_bufvec content = FUSE_BUFVEC_INIT(size);
  content.buf[0].flags =
      static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  content.buf[0].fd = FdOf(info);
  content.buf[0].pos = offset;
  fuse_reply_data(request, &content, FUSE_BUF_SPLICE_MOVE);
}

// The kernel sends cached writes now that were permitted earlier. Writing
// clears the file's capabilities, and the kernel told us so at the time; so
// capabilities set since then must stay.
ssize_t WriteLate(fuse_bufvec& file, fuse_bufvec* content) {
  constexpr char kCapability[] = "security.capability";
  const int fd = file.buf[0].fd;
  std::array<char, 64> value;
  const ssize_t size = fgetxattr(fd, kCapability, value.data(), value.size());
  const ssize_t written =
      fuse_buf_copy(&file, content, static_cast<fuse_buf_copy_flags>(0));
  if (size > 0 && fsetxattr(fd, kCapability, value.data(), size, 0) != 0) {
    return -errno;
  }
  return written;
}

void Write(fuse_req_t request, fuse_ino_t id, fuse_bufvec* content,
           off_t offset, fuse_file_info* info) {
  if (info->writepage == 0) {
    ClearPrivileges(request, id, FdOf(info));
  }
  fuse_bufvec file = FUSE_BUFVEC_INIT(fuse_buf_size(content));
  file.buf[0].flags =
      static_cast<fuse_buf_flags>(FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK);
  file.buf[0].fd = FdOf(info);
  file.buf[0].pos = offset;
  if (fuse_buf_size(content) > kSmall) {
    Server::MayTakeLong();
  }
  const ssize_t written =
      info->writepage != 0
          ? WriteLate(file, content)
          : fuse_buf_copy(&file, content, static_cast<fuse_buf_copy_flags>(0));
  if (written < 0) {
    fuse_reply_err(request, static_cast<int>(-written));
  } else {
    fuse_reply_write(request, written);
  }
}
// #endregion read-write

void Fsync(fuse_req_t request, fuse_ino_t, int data_only,
           fuse_file_info* info) {
  Server::MayTakeLong();
  const auto sync = data_only != 0 ? fdatasync : fsync;
  ReplyIf(request, sync(FdOf(info)) == 0);
}

void Fallocate(fuse_req_t request, fuse_ino_t id, int mode, off_t offset,
               off_t length, fuse_file_info* info) {
  ClearPrivileges(request, id, FdOf(info));
  Server::MayTakeLong();
  ReplyIf(request, fallocate(FdOf(info), mode, offset, length) == 0);
}

void Lseek(fuse_req_t request, fuse_ino_t, off_t offset, int whence,
           fuse_file_info* info) {
  const off_t found = lseek(FdOf(info), offset, whence);
  if (found < 0) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_lseek(request, found);
  }
}

void CopyFileRange(fuse_req_t request, fuse_ino_t, off_t in,
                   fuse_file_info* from, fuse_ino_t to_id, off_t out,
                   fuse_file_info* to, size_t size, int) {
  ClearPrivileges(request, to_id, FdOf(to));
  Server::MayTakeLong();
  const ssize_t copied =
      copy_file_range(FdOf(from), &in, FdOf(to), &out, size, 0);
  if (copied < 0) {
    fuse_reply_err(request, errno);
  } else {
    fuse_reply_write(request, copied);
  }
}

}  // namespace

void AddFiles(fuse_lowlevel_ops& operations) {
  operations.open = Open;
  operations.create = Create;
  operations.release = Release;
  operations.read = Read;
  operations.write_buf = Write;
  operations.fsync = Fsync;
  operations.fallocate = Fallocate;
  operations.lseek = Lseek;
  operations.copy_file_range = CopyFileRange;
}

}  // namespace mydocker
