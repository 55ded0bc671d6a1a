// A file's location, and the system calls on it.

#ifndef MYDOCKER_CHAPTERS_11_FUSE_UNION_SPOT_H_
#define MYDOCKER_CHAPTERS_11_FUSE_UNION_SPOT_H_

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "common/base/fd.h"

namespace mydocker {

// A name in an open directory, never a path: a symbolic link on the way would
// lead out of the layer. The one exception is /proc/self/fd/N with `flags` 0,
// the kernel's name for the file of a descriptor.
struct Spot {
  int directory = -1;
  std::string name;
  int flags = AT_SYMLINK_NOFOLLOW;
};

// All functions return an errno, 0 on success, unless they say otherwise.

int Stat(const Spot& spot, struct stat& attributes);

// Opens the file with the flags of open(2). Returns an invalid descriptor and
// sets errno on failure.
UniqueFd OpenAt(const Spot& spot, int flags);

int SetOwner(const Spot& spot, uid_t user, gid_t group);
int SetMode(const Spot& spot, mode_t mode);
// As utimensat(2): access time, then modification time.
int SetTimes(const Spot& spot, const timespec (&times)[2]);

// Extended attributes (xattr(7)), of files of all types. The value or list in
// `text` is replaced.
int GetAttribute(const Spot& spot, const std::string& name, std::string& text);
int ListAttributes(const Spot& spot, std::string& text);
int SetAttribute(const Spot& spot, const std::string& name,
                 const std::string& value, int flags);
int RemoveAttribute(const Spot& spot, const std::string& name);

// All at once: names and values.
using Attributes = std::vector<std::pair<std::string, std::string>>;
int ReadAttributes(const Spot& spot, Attributes& attributes);

}  // namespace mydocker

#endif  // MYDOCKER_CHAPTERS_11_FUSE_UNION_SPOT_H_
