// open, create, read, write, release, fsync, fallocate, lseek, copy_file_range.
//
// Locks are not here: what FUSE is not asked about, the kernel does by itself,
// and all who could want the same lock come by it.

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <shared_mutex>

#include "chapters/11-fuse-union/copy_up.h"
#include "chapters/11-fuse-union/operations.h"
#include "chapters/11-fuse-union/server.h"

namespace mydocker {
namespace {

// What is read or written at once and takes no time worth mentioning.
constexpr size_t kSmall = 32 << 10;

// An open file: what fuse_file_info's fh points to, so that the kernel brings
// it along with each question.
struct OpenFile {
  UniqueFd fd;
};

OpenFile& OpenFileOf(const fuse_file_info* info) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  return *reinterpret_cast<OpenFile*>(info->fh);
}
int FdOf(const fuse_file_info* info) { return OpenFileOf(info).fd.get(); }

void ReplyIf(fuse_req_t request, bool done) {
  fuse_reply_err(request, done ? 0 : errno);
}

// The flags with which we open what a caller opens with `flags`.
int OwnFlags(const Union& all, int flags) {
  // The kernel has made the file, knows where its end is, and wants whole
  // pages.
  flags &= ~(O_CREAT | O_EXCL | O_NOCTTY | O_APPEND | O_DIRECT | O_NOATIME);
  if (all.caching.writeback && (flags & O_ACCMODE) == O_WRONLY) {
    flags = (flags & ~O_ACCMODE) | O_RDWR;  // It reads the rest of a page.
  }
  return flags;
}

// #region open-node
// Opens the file where it is now. What is opened for writing is in the upper
// directory, so the rest is enough to know whether a copy-up concerns it.
int OpenNode(Union& all, Node& node, int flags, UniqueFd& file) {
  const std::unique_lock place(node.place);
  const Spot spot = SpotOf(node);
  const int own = OwnFlags(all, flags);
  file = OpenAt(spot, own | (node.IsUpper() ? 0 : O_NOATIME));
  if (!file.valid() && errno == EPERM) {
    file = OpenAt(spot, own);
  }
  if (!file.valid() && errno == EACCES) {  // Writable, but not readable.
    file = OpenAt(spot, (own & ~O_ACCMODE) | (flags & O_ACCMODE));
  }
  if (!file.valid()) {
    return errno;
  }
  if (!node.IsUpper()) {
    node.lower_files.push_back(file.get());
  }
  return 0;
}
// #endregion open-node

// Whether the file is still what it was when it was last opened. Of an upper
// file the kernel knows all changes.
bool IsUnchanged(Node& node, int file) {
  struct stat now = {};
  const std::unique_lock place(node.place);
  if (node.IsUpper()) {
    return true;
  }
  if (fstat(file, &now) != 0) {
    return false;
  }
  const bool same = node.seen_size == now.st_size &&
                    node.seen_change.tv_sec == now.st_ctim.tv_sec &&
                    node.seen_change.tv_nsec == now.st_ctim.tv_nsec;
  node.seen_size = now.st_size;
  node.seen_change = now.st_ctim;
  return same;
}

void Close(Node& node, const OpenFile* file) {
  {
    const std::unique_lock place(node.place);
    std::erase(node.lower_files, file->fd.get());
  }
  delete file;
}

// Who truncates a file while opening it loses its set-user-ID bits, as who
// writes to it does; of all others the kernel takes care, but this is one
// question to us.
int ClearPrivileges(fuse_req_t request, fuse_ino_t id, int file) {
  struct stat now = {};
  if (fuse_req_ctx(request)->uid == 0 || fstat(file, &now) != 0 ||
      (now.st_mode & (S_ISUID | S_ISGID)) == 0) {
    return 0;
  }
  const bool in_group = (now.st_mode & S_IXGRP) != 0;
  const mode_t gone = S_ISUID | (in_group ? S_ISGID : 0);
  if (fchmod(file, now.st_mode & 07777 & ~gone) != 0) {
    return errno;
  }
  // The kernel has kept the old permissions.
  fuse_lowlevel_notify_inval_inode(UnionOf(request).session, id, -1, 0);
  return 0;
}

// #region open
void Open(fuse_req_t request, fuse_ino_t id, fuse_file_info* info) {
  Union& all = UnionOf(request);
  Node& node = NodeOf(request, id);
  int error = 0;
  if ((info->flags & O_ACCMODE) != O_RDONLY || (info->flags & O_TRUNC) != 0) {
    error = CopyUp(all, node, (info->flags & O_TRUNC) != 0 ? 0 : kWholeFile);
  }
  UniqueFd file;
  if (error == 0) {
    error = OpenNode(all, node, info->flags, file);
  }
  if (error == 0 && (info->flags & O_TRUNC) != 0) {
    error = ClearPrivileges(request, id, file.get());
  }
  if (error != 0) {
    fuse_reply_err(request, error);
    return;
  }
  info->keep_cache = all.caching.keep_cache && IsUnchanged(node, file.get());
  auto* const opened = new OpenFile{std::move(file)};
  info->fh = reinterpret_cast<uint64_t>(opened);
  if (fuse_reply_open(request, info) != 0) {
    Close(node, opened);
  }
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
  info->keep_cache = all.caching.keep_cache;
  auto* const opened = new OpenFile{std::move(file)};
  info->fh = reinterpret_cast<uint64_t>(opened);
  if (fuse_reply_create(request, &entry, info) != 0) {
    Close(NodeOf(request, entry.ino), opened);
    all.nodes.Forget(NodeOf(request, entry.ino), 1);
  }
}
// #endregion create

void Release(fuse_req_t request, fuse_ino_t id, fuse_file_info* info) {
  Close(NodeOf(request, id), &OpenFileOf(info));
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

// What the kernel has kept, and sends now, comes from somebody who had the
// right to write it then. Whoever writes loses the file's capabilities, and of
// that it has told us in time; so what there is now must stay.
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

void Write(fuse_req_t request, fuse_ino_t, fuse_bufvec* content, off_t offset,
           fuse_file_info* info) {
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

void Fallocate(fuse_req_t request, fuse_ino_t, int mode, off_t offset,
               off_t length, fuse_file_info* info) {
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
                   fuse_file_info* from, fuse_ino_t, off_t out,
                   fuse_file_info* to, size_t size, int) {
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
