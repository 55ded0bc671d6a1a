#include "chapters/11-fuse-union/content.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "chapters/11-fuse-union/marks.h"

namespace mydocker {
namespace {

constexpr size_t kBufferSize = 1 << 20;

// Copies the bytes from `position` to `end` through memory.
int CopyThroughMemory(int from, int to, off_t position, off_t end) {
  std::vector<char> buffer(
      std::min<off_t>(kBufferSize, std::max<off_t>(end - position, 1)));
  while (position < end) {
    const ssize_t size = pread(
        from, buffer.data(),
        std::min(static_cast<off_t>(buffer.size()), end - position), position);
    if (size <= 0) {
      return size == 0 ? 0 : errno;  // The file has become shorter.
    }
    for (ssize_t done = 0; done < size;) {
      const ssize_t written =
          pwrite(to, buffer.data() + done, size - done, position + done);
      if (written < 0) {
        return errno;
      }
      done += written;
    }
    position += size;
  }
  return 0;
}

int CopyRange(int from, int to, off_t position, off_t end) {
  while (position < end) {
    off_t in = position;
    off_t out = position;
    const ssize_t size =
        copy_file_range(from, &in, to, &out, end - position, 0);
    if (size < 0 && errno != ENOSPC && errno != EDQUOT && errno != EIO) {
      // These two file systems do not support it.
      return CopyThroughMemory(from, to, position, end);
    }
    if (size <= 0) {
      return size == 0 ? 0 : errno;
    }
    position += size;
  }
  return 0;
}

}  // namespace

// #region copy-content
int CopyContent(int from, int to, off_t length) {
  struct stat attributes = {};
  if (fstat(from, &attributes) != 0) {
    return errno;
  }
  const off_t size = std::min(length, attributes.st_size);
  off_t position = 0;
  while (position < size) {
    const off_t data = lseek(from, position, SEEK_DATA);
    if (data < 0 && errno == ENXIO) {
      break;  // The rest is a hole.
    }
    const off_t hole = data < 0 ? size : lseek(from, data, SEEK_HOLE);
    position = std::max<off_t>(data, 0);
    const off_t end = std::min(hole < 0 ? size : hole, size);
    if (const int error = CopyRange(from, to, position, end); error != 0) {
      return error;
    }
    position = std::max(position, end);
  }
  return ftruncate(to, size) == 0 ? 0 : errno;
}
// #endregion copy-content

// #region copy-attributes
int CopyAttributes(const Spot& from, const struct stat& attributes,
                   const Spot& to) {
  const bool is_root = geteuid() == 0;
  // In this order: a new owner takes set-user-ID bits and capabilities away.
  int error = SetOwner(to, attributes.st_uid, attributes.st_gid);
  if (error != 0 && (is_root || error != EPERM)) {
    return error;
  }
  // A symbolic link has no permissions.
  error =
      S_ISLNK(attributes.st_mode) ? 0 : SetMode(to, attributes.st_mode & 07777);
  if (error != 0) {
    return error;
  }
  Attributes extended;
  error = ReadAttributes(from, extended);
  if (error != 0 && error != ENOTSUP) {
    return error;
  }
  for (const auto& [name, value] : extended) {
    error = IsMarkAttribute(name) ? 0 : SetAttribute(to, name, value, 0);
    if (error != 0 && error != ENOTSUP && (is_root || error != EPERM)) {
      return error;
    }
  }
  return SetTimes(to, {attributes.st_atim, attributes.st_mtim});
}
// #endregion copy-attributes

}  // namespace mydocker
